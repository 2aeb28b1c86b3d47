import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  /** PEM: what a client must trust. */
  readonly ca: string
}

/** A self-signed certificate for 127.0.0.1 and localhost, valid for a day. */
export function selfSigned(dir: string): Certificate {
  const certFile = join(dir, 'cert.pem')
  const keyFile = join(dir, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const args = ['req', '-x509', ...curve, ...names, '-days', '1', '-keyout', keyFile, '-out', certFile]
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  return { certFile, keyFile, ca: readFileSync(certFile, 'utf8') }
}
