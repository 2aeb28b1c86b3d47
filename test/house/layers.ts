import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { Source } from './sources.js'

/**
 * The house, from the ground up. A name stands for `src/name.ts` and everything in `src/name/`. A file may import from
 * its own layer and from those before it. What is not in this table does not belong in src.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'time', 'stepped-clock', 'suggestion', 'priority'],
  ['policy', 'messages', 'figures', 'step', 'store', 'audit-verbs'],
  ['check', 'pulse', 'life'],
  ['failure', 'payload', 'report', 'limits', 'presets', 'dedupe'],
  ['job', 'retries', 'run-options', 'publish-options', 'verdict', 'durability', 'options'],
  ['events', 'job-info', 'stats', 'opening', 'queue-settings'],
  ['memory', 'redis'],
  [
    'batch',
    'flights',
    'partial',
    'parts',
    'room',
    'publish-stream',
    'publisher',
    'calls',
    'looking',
    'operator',
    'worker',
    'jam-guard',
    'sweeper',
  ],
  ['queue'],
  ['create-queue'],
  ['index'],
  ['wait', 'schedule', 'events-log', 'audit', 'heartbeat', 'http', 'bull-board', 'metrics', 'cli'],
]

/** Optional entries: outside the budget of the core, and none sees another. */
export const OPTIONAL: readonly string[] = LAYERS.at(-1) ?? []

/** These share a layer and still may not see each other. */
const APART: readonly string[] = ['memory', 'redis', ...OPTIONAL]

/** One door per dependency: who alone may import it. Node's own modules are free for all. */
const DOORS: Readonly<Record<string, string>> = {
  redis: 'redis/',
  'p-limit': 'worker',
  dayjs: 'time.ts',
  '@bull-board/api': 'bull-board/',
  'prom-client': 'metrics/',
  '@opentelemetry/api': 'metrics/',
  croner: 'schedule/',
}

/** `redis/keys.ts` → `redis`; `worker.ts` → `worker`. */
export const unitOf = (path: string): string => path.replace(/\.ts$/, '').split('/')[0] ?? ''

const layerOf = (path: string): number => LAYERS.findIndex((layer) => layer.includes(unitOf(path)))

const COMPUTED = '(computed)'

/** What a file imports, statically or not. Examples in comments do not count. */
export function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const fixed = [...code.matchAll(/^(?:import|export)\b[^'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm)]
  const bare = [...code.matchAll(/^import\s*['"]([^'"]+)['"]/gm)]
  const late = [...code.matchAll(/\b(?:import|require)\(\s*(?:['"]([^'"]+)['"]\s*[,)])?/g)]
  return [...fixed, ...bare, ...late].map(([, name]) => name ?? COMPUTED)
}

/** Every breach of the table and of the doors, as a sentence. */
export function breaches(files: readonly Source[]): string[] {
  const known = new Set(files.map(({ path }) => path))
  return files.flatMap(({ path, text }) => {
    if (layerOf(path) === -1) return [`src/${path} has no place in the layers`]
    return importsOf(text).flatMap((name) => judge(path, name, known) ?? [])
  })
}

function judge(path: string, name: string, known: ReadonlySet<string>): string | undefined {
  const file = `src/${path}`
  if (name === COMPUTED) return `${file} imports a name that is computed`
  if (!name.startsWith('.')) return judgePackage(path, name)
  const target = posix.join(posix.dirname(path), name).replace(/\.js$/, '.ts')
  if (!known.has(target)) return `${file} imports ${name}, which is no file of src`
  if (layerOf(target) > layerOf(path)) return `${file} imports ${target}, which is of a later layer`
  const [from, to] = [unitOf(path), unitOf(target)]
  if (from !== to && APART.includes(from) && APART.includes(to)) return `${file} imports ${target}: they stand apart`
  return undefined
}

function judgePackage(path: string, name: string): string | undefined {
  if (isBuiltin(name)) return name.startsWith('node:') ? undefined : `src/${path} imports ${name} without node:`
  const owner = Object.keys(DOORS).find((dependency) => name === dependency || name.startsWith(`${dependency}/`))
  if (owner === undefined) return `src/${path} imports ${name}, which has no door`
  const door = DOORS[owner] ?? ''
  const inside = /[./]/.test(door) ? path === door || path.startsWith(door) : unitOf(path) === door
  return inside ? undefined : `src/${path} imports ${name}, whose door is src/${door}`
}
