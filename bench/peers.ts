import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * The one door to the rivals: they live in `peers/node_modules`, out of reach of the library. `from` finds a peer's own
 * dependency (kue and redis-convoy bring old clients of their own).
 */
export async function peer<T>(name: string, from?: string): Promise<T> {
  const outer = createRequire(new URL('./peers/package.json', import.meta.url))
  const require = from ? createRequire(outer.resolve(from)) : outer
  try {
    const loaded = await import(pathToFileURL(require.resolve(name)).href)
    return loaded.default && Object.keys(loaded).length <= 2 ? loaded.default : loaded
  } catch (error) {
    // A package for `import` only has no path that `require.resolve` would give.
    if ((error as { code?: string }).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error
    const file = JSON.parse(readFileSync(manifest(name), 'utf8')).exports['.']
    return import(new URL(typeof file === 'string' ? file : (file.import ?? file.default), manifest(name)).href)
  }
}

const manifest = (name: string): URL => new URL(`./peers/node_modules/${name}/package.json`, import.meta.url)

export const peerVersion = (name: string): string => JSON.parse(readFileSync(manifest(name), 'utf8')).version

/** Install what the lock file pins, once. Nothing of a peer is built or run while installing. */
export function installPeers(): void {
  const directory = fileURLToPath(new URL('./peers/', import.meta.url))
  if (existsSync(manifest('bullmq'))) return
  console.error('installing the peers (once) …')
  execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: directory, stdio: 'inherit' })
}
