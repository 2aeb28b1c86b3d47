import type { Report } from '../store.js'
import { keep, keptText } from './keepsakes.js'
import { News } from './news.js'
import { owns } from './settle.js'
import type { QueueState } from './state.js'

/** What a running job tells of itself; nothing is kept of one whose claim is not its own any more. */
export function report(state: QueueState, { id, token, progress, log }: Report, now: number): boolean {
  const ms = Math.floor(now / 1000)
  if (!owns(state.lease.get(id), token)) return false
  const news = News.of(state)
  if (log !== undefined) {
    const before = keptText(state, `l${id}`, ms)
    const text = [...(before === undefined ? [] : [before]), ...log.lines].join('\n')
    keep(state, `l${id}`, newest(text, log.most), ms + log.ttl)
  }
  if (progress !== undefined) {
    state.progress.set(id, progress)
    news?.add('progress', id)
  }
  news?.send(state, ms, ['progress'])
  return true
}

/** The last lines that fit in so many bytes; of a last line that does not, its beginning, in whole characters. */
function newest(text: string, most: number): string {
  let size = Buffer.byteLength(text)
  let from = 0
  for (let end = text.indexOf('\n'); size > most && end !== -1; end = text.indexOf('\n', from)) {
    size -= Buffer.byteLength(text.slice(from, end + 1))
    from = end + 1
  }
  const rest = text.slice(from)
  if (size <= most) return rest
  const bytes = Buffer.from(rest)
  let end = most
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
