import { readHeader, readScript } from '../../lua/inline.mjs'
import type { Source } from './sources.js'

/** What a script must say of itself, and whether it says the truth. `fragments` by name, as the build finds them. */
export function scriptFaults(
  { path, text }: Source,
  parts: readonly string[],
  fragments: ReadonlyMap<string, string> = new Map(),
): string[] {
  const name = path.replace(/\.lua$/, '')
  try {
    const header = readHeader(path, text)
    const script = readScript(name, text, new Map(fragments))
    const strangers = header.keys.filter((key) => !parts.includes(key))
    return [
      ...(header.gives ? [] : [`${path}: the header has no GIVES`]),
      ...(header.argv === /\bARGV\b/.test(script.text)
        ? []
        : [`${path}: ARGV is named in one of header and script only`]),
      ...strangers.map((key) => `${path}: KEYS names ${key}, which is not in the key table`),
      ...localFaults(path, header.keys, script.text),
    ]
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/**
 * Keys are named once, and in the header's order: `local a, b = unpack(KEYS)`, and on from the third `unpack(KEYS, 3)`: one
 * call, where `KEYS[1], KEYS[2]` would look each up. A script that walks all of KEYS need not name those it never mentions.
 */
function localFaults(path: string, keys: readonly string[], text: string): string[] {
  const statement = /^[ \t]*local[ \t]+([\w,\s]+?)\s*=\s*unpack\(KEYS(?:, (\d+))?\)[ \t]*$/gm
  const names: string[] = []
  const astray: string[] = []
  const rest = text.replace(statement, (_, left: string, from = '1') => {
    if (Number(from) !== names.length + 1) astray.push(from)
    names.push(...left.split(',').map((name) => name.trim()))
    return ''
  })
  const walks = /\bipairs\(KEYS\)/.test(rest)
  const expected = walks ? keys.slice(0, names.length) : keys
  return [
    ...(names.join() === expected.join()
      ? []
      : [`${path}: the locals are "${names.join(' ')}", KEYS is "${keys.join(' ')}"`]),
    ...astray.map((from) => `${path}: locals take KEYS from ${from} on, where another comes next`),
    ...(/\bKEYS\s*\[|\(\s*KEYS\s*,/.test(rest) ? [`${path}: KEYS is used beside the lines that name them`] : []),
  ]
}
