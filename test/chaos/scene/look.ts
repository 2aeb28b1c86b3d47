import { keyOf, type Part } from '../../../src/redis/keys.js'
import type { Final } from '../history.js'
import type { Scene } from './scene.js'

const PARTS: readonly Part[] = ['queued', 'committed', 'processing', 'delayed', 'lease', 'failed', 'prioritized']

/** All places at one instant. Gives the IDs that stand in line twice, and those that are not in exactly one state (law L1). */
const LOOK = `
local place, twice, astray = {}, {}, {}
local function put(id, where)
  if place[id] then astray[#astray + 1] = id else place[id] = where end
end
local seen = {}
for _, id in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if seen[id] then twice[#twice + 1] = id else seen[id] = true; put(id, 'queued') end
end
local lease = {}
local pairsOf = redis.call('HGETALL', KEYS[5])
for i = 1, #pairsOf, 2 do lease[pairsOf[i]] = true end
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  put(id, 'processing')
  if not lease[id] then astray[#astray + 1] = id end
  lease[id] = nil
end
for id in pairs(lease) do astray[#astray + 1] = id end
for _, id in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do put(id, 'delayed') end
for _, id in ipairs(redis.call('ZRANGE', KEYS[7], 0, -1)) do put(id, 'prioritized') end
for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if not place[id] then astray[#astray + 1] = id end
  place[id] = nil
end
for id in pairs(place) do astray[#astray + 1] = id end
for _, id in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1)) do
  if redis.call('SISMEMBER', KEYS[2], id) == 1 then astray[#astray + 1] = id end
end
return { twice, astray }`

const NAME = 'convoys'

/** The queue of every row. */
export const queueName = NAME
export const key = (part: Part): string => keyOf('chaos', NAME, part)

/** One look: no ID is withdrawn in these runs, so the line holds no stale entry. */
export async function look(scene: Pick<Scene, 'cli'>): Promise<{ twice: string[]; astray: string[] }> {
  const [twice, astray] = await scene.cli<[string[], string[]]>('EVAL_RO', LOOK, PARTS.length, ...PARTS.map(key))
  return { twice, astray }
}

/** Keys that an idle queue may have. */
const STAY: readonly Part[] = [
  'totals',
  'meta',
  'guard',
  'steps',
  'wake',
  'marks',
  'alarm',
  'failed',
  'failedAt',
  'errors',
  'extras',
  'results',
  'kept',
]

/** What failed keeps these, and nothing else may. */
const BROUGHT: readonly Part[] = ['payload', 'priority']

async function forgotten(scene: Pick<Scene, 'cli'>, failed: readonly string[]): Promise<string[]> {
  const may = new Set(failed)
  const of = async (part: Part): Promise<string[]> => {
    const ids = await scene.cli<string[]>('HKEYS', key(part))
    return ids.filter((id) => !may.has(id)).map((id) => `${part} of ${id}`)
  }
  return (await Promise.all(BROUGHT.map(of))).flat()
}

/** What is there, place by place. */
export async function finalLook(scene: Pick<Scene, 'cli'>): Promise<Final> {
  const queued = await scene.cli<string[]>('LRANGE', key('queued'), 0, -1)
  const zset = (part: Part): Promise<string[]> => scene.cli<string[]>('ZRANGE', key(part), 0, -1)
  const [entered, left] = await scene.cli<(string | null)[]>('HMGET', key('totals'), 'entered', 'left')
  const failed = await zset('failed')
  const known = [...STAY, ...BROUGHT].map(key)
  const keys = await scene.cli<string[]>('KEYS', 'chaos:*')
  return {
    queued: [...queued, ...(await zset('prioritized'))],
    delayed: await zset('delayed'),
    processing: await zset('processing'),
    failed,
    committed: await scene.cli<number>('SCARD', key('committed')),
    entered: Number(entered ?? 0),
    left: Number(left ?? 0),
    results: await resultsOf(scene),
    strays: [...keys.filter((one) => !known.includes(one)), ...(await forgotten(scene, failed))],
  }
}

async function resultsOf(scene: Pick<Scene, 'cli'>): Promise<Record<string, number>> {
  const flat = await scene.cli<string[]>('HGETALL', key('results'))
  const out: Record<string, number> = {}
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i]?.startsWith('r')) out[(flat[i] as string).slice(1)] = Number.parseInt(flat[i + 1] as string, 10)
  }
  return out
}
