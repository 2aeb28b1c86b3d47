import { expect, test } from 'vitest'
import { breaches, importsOf } from './layers.js'
import { sources } from './sources.js'

test('imports run one way, and every dependency has one door', () => {
  const files = sources('src', '.ts')
  expect(files.length).toBeGreaterThan(0)
  expect(breaches(files)).toEqual([])
})

/** A house that stands; each test below breaks one thing in it. */
const sound = {
  'errors.ts': '',
  'time.ts': "import dayjs from 'dayjs'\nimport duration from 'dayjs/plugin/duration.js'\n",
  'store.ts': "import type { ConvoyError } from './errors.js'\n",
  'memory/model.ts': "import type { Store } from '../store.js'\n",
  'redis/keys.ts': "import { createHash } from 'node:crypto'\n",
  'redis/store.ts': "import { KEYS } from './keys.js'\nconst redis = await import('redis')\n",
  'worker.ts': "import pLimit from 'p-limit'\nimport { slots } from './worker/slots.js'\n",
  'worker/slots.ts': "import pLimit from 'p-limit'\n",
  'queue.ts': "/**\n * import { a } from 'convoy-queue'\n */\nimport { Worker } from './worker.js'\n",
  'index.ts': "export { Queue } from './queue.js'\n",
}

const broken = (path: string, text: string): string[] => {
  const files = Object.entries({ ...sound, [path]: text }).map(([at, code]) => ({ path: at, text: code }))
  return breaches(files)
}

test('a sound house has no breach', () => {
  expect(broken('errors.ts', '')).toEqual([])
})

test.each([
  ['an import of a later layer', 'store.ts', "import { Queue } from './queue.js'", 'later layer'],
  ['one of a type alone', 'errors.ts', "import type {\n  Store,\n} from './store.js'", 'later layer'],
  ['one that is passed on', 'store.ts', "export * from './worker.js'", 'later layer'],
  ['one at run time', 'store.ts', "const a = () => import('./queue.js')", 'later layer'],
  ['one in a type', 'store.ts', "type Q = import('./queue.js').Queue", 'later layer'],
  ['two stores that see each other', 'memory/model.ts', "import { KEYS } from '../redis/keys.js'", 'stand apart'],
  ['a file outside the table', 'util.ts', '', 'no place'],
  ['a folder outside the table', 'helpers/x.ts', '', 'no place'],
  ['an import of what is not there', 'queue.ts', "import { x } from './gone.js'", 'no file of src'],
  ['an import from outside src', 'queue.ts', "import { x } from '../test/x.js'", 'no file of src'],
  ['redis outside its door', 'queue.ts', "import { createClient } from 'redis'", 'door is src/redis/'],
  ['redis at run time outside its door', 'queue.ts', "await import('redis')", 'door is src/redis/'],
  ['p-limit outside its door', 'queue.ts', "import pLimit from 'p-limit'", 'door is src/worker'],
  ['dayjs outside its door', 'queue.ts', "import 'dayjs/plugin/utc.js'", 'door is src/time.ts'],
  ['a dependency without a door', 'queue.ts', "import x from 'lodash'", 'no door'],
  ['part of a dependency', 'redis/keys.ts', "import x from '@redis/client'", 'no door'],
  ['a bare name of Node', 'queue.ts', "import fs from 'fs'", 'without node:'],
  ['a computed name', 'queue.ts', 'await import(name)', 'computed'],
])('%s is found', (_, path, text, reason) => {
  const found = broken(path, text)
  expect(found).toHaveLength(1)
  expect(found[0]).toContain(`src/${path}`)
  expect(found[0]).toContain(reason)
})

test('examples in comments are no imports', () => {
  expect(importsOf("// import a from 'a'\n/** import('b') */\n * from 'c'\nconst from = 'd'\n")).toEqual([])
})
