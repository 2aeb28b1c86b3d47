import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { ROOT } from '../house/sources.js'

/** A folder in which the packages a reader has can be imported by name; ours is the build of this project. */
export function linkPackages(dir: string): void {
  const link = (name: string, target: string): void => {
    const path = join(dir, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path, 'junction')
  }
  link('convoy-queue', ROOT)
  link('redis', join(ROOT, 'node_modules/redis'))
  link('@types/node', join(ROOT, 'node_modules/@types/node'))
}

/** For programs with types: Node.js 20 does not take them out by itself. */
const TYPES = ['--import', pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href]

/** Runs a program as a reader would who copied it into a file, and resolves with what it printed once it has ended by itself. */
export async function runProgram(code: string, store: string, lang: 'mjs' | 'ts' = 'mjs'): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'convoy-reader-'))
  try {
    linkPackages(dir)
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(dir, `program.${lang}`), code)
    const env = { ...process.env, CONVOY_STORE: store }
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [...(lang === 'ts' ? TYPES : []), `program.${lang}`],
      {
        cwd: dir,
        env,
        timeout: 20_000,
      },
    )
    return stdout + stderr
  } finally {
    rmSync(dir, { recursive: true })
  }
}
