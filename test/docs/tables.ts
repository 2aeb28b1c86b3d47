import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUDIT_OPTIONS } from '../../src/audit/options.js'
import type { Rule } from '../../src/check.js'
import { DEDUPE_OPTIONS } from '../../src/dedupe.js'
import { ERROR_CODES } from '../../src/errors.js'
import { EVENTS_OPTIONS } from '../../src/events-log/options.js'
import { OPTIONS } from '../../src/options.js'
import { PUBLISH_OPTIONS } from '../../src/publish-options.js'
import { KEYS } from '../../src/redis/keys.js'
import { EVERY_OPTIONS } from '../../src/schedule/options.js'
import { WAIT_OPTIONS } from '../../src/wait/options.js'
import { ROOT, sources } from '../house/sources.js'

/** The tables of the pages as the code would write them. */

type Cell = string
const row = (cells: readonly Cell[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
const table = (head: readonly Cell[], rows: readonly (readonly Cell[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('')
const code = (text: string): string => `\`${text}\``
const count = (n: number): string => n.toLocaleString('en-US')

export function optionsTable(): string {
  const rows = Object.entries({
    ...OPTIONS,
    publish: PUBLISH_OPTIONS,
    dedupe: DEDUPE_OPTIONS,
    waitFor: WAIT_OPTIONS,
    events: EVENTS_OPTIONS.events,
    journal: EVENTS_OPTIONS.journal,
    every: EVERY_OPTIONS,
    audit: AUDIT_OPTIONS,
  }).flatMap(([call, rules]) =>
    Object.entries(rules).map(([name, rule], i) => {
      const of = i === 0 ? code(call) : ''
      return [of, code(name), fallback(rule), bounds(rule), rule.about]
    }),
  )
  return table(['of', 'option', 'default', 'bounds', 'what it is'], rows)
}

function fallback({ kind, fallback: value }: Rule): string {
  if (value === undefined || typeof value === 'object') return ''
  if (kind === 'duration') return duration(value as number)
  return typeof value === 'number' ? count(value) : code(String(value))
}

function bounds({ kind, least, most }: Rule): string {
  const show = kind === 'duration' ? duration : count
  if (least === undefined) return ''
  return most === undefined || most === Number.MAX_SAFE_INTEGER
    ? `from ${show(least)}`
    : `${show(least)} to ${show(most)}`
}

function duration(ms: number): string {
  if (ms === 0) return '0'
  return ms >= 1_000 && ms % 1_000 === 0 ? `${count(ms / 1_000)} s` : `${count(ms)} ms`
}

export function errorsTable(): string {
  return table(
    ['code', 'when'],
    Object.entries(ERROR_CODES).map(([name, about]) => [code(name), about]),
  )
}

/** Its types are all there is of the event map at run time, so the source is read. */
export function eventsTable(): string {
  const source = readFileSync(join(ROOT, 'src/events.ts'), 'utf8')
  const [, body = ''] = /export interface QueueEvents \{\n([\s\S]*?)\n\}/.exec(source) ?? []
  const rows = [...body.matchAll(/\/\*\* ([\s\S]*?) \*\/\n {2}(\w+): \[(.*)\]/g)].map(
    ([, about = '', name = '', args = '']) => {
      const names = [...args.matchAll(/(\w+): /g)].map(([, arg = '']) => code(arg))
      return [code(name), names.join(', '), about.replace(/\n\s*\* ?/g, ' ')]
    },
  )
  return table(['event', 'its listener gets', 'when'], rows)
}

/** The comments of the key table hold half of what it says, so the source is read. */
export function keysTable(): string {
  const source = readFileSync(join(ROOT, 'src/redis/keys.ts'), 'utf8')
  const comments = new Map(
    [...source.matchAll(/^ {2}(\w+): '\w+', \/\/ +(.*)$/gm)].map(([, part, text]) => [part, text ?? '']),
  )
  const rows = Object.entries(KEYS).map(([part, type]) => {
    const [member = '', about = ''] = (comments.get(part) ?? '').split(/ {3,}/)
    return [code(part), type, member, about]
  })
  return table(['part', 'type', 'holds', 'what it is'], rows)
}

/** Each script as the head of its file tells it; what is given by several lines stays on several. */
export function scriptHeads(): string {
  const heads = sources('lua', '.lua')
    .filter(({ path }) => !path.startsWith('_'))
    .map(({ text }) => {
      const lines = text.split('\n')
      const head = lines.slice(
        0,
        lines.findIndex((line) => !/^-- /.test(line)),
      )
      return head.map((line, i) => line.replace(/^-- /, i === 0 ? '' : '  ')).join('\n')
    })
  return `\`\`\`text\n${heads.join('\n\n')}\n\`\`\`\n`
}
