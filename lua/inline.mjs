// Writes src/redis/lua.generated.ts from the scripts beside this file: a bundled app has no .lua file left to read.
// What a script is (header, fragments, what is stripped) is said once, here; test/house holds the result fresh.
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRights } from './rights.mjs'

/**
 * @typedef {{ name: string, sentence: string, keys: string[], plain: number, flags: string, argv: boolean, gives: boolean }} Header
 * @typedef {{ name: string, keys: string[], plain: number, flags: string, rights: string[], text: string }} Script
 */

const FLAGS = ['no-writes', 'allow-oom', 'allow-stale', 'no-cluster', 'allow-cross-slot-keys']
const INCLUDE = /^--- @(include|splice) (_[a-z0-9_-]+)\s*$/

/**
 * The comment lines a script opens with, read. KEYS may go on over several lines, each with its own `-- KEYS`.
 * @param {string} file @param {string} source @returns {Header}
 */
export function readHeader(file, source) {
  const header = { name: '', sentence: '', keys: [], plain: 0, flags: '', argv: false, gives: false }
  const [first = '', ...rest] = source.split('\n')
  const title = /^-- ([a-z][a-z0-9-]*): (\S.*)$/.exec(first)
  if (title === null) throw new Error(`${file}: line 1 is not "-- name: sentence"`)
  header.name = title[1]
  header.sentence = title[2]
  for (const line of rest) {
    if (!line.startsWith('--') || INCLUDE.test(line)) break
    const [, word, value] = /^-- (KEYS|ARGV|GIVES|FLAGS)\b *(.*)$/.exec(line) ?? []
    if (word === 'KEYS') header.keys.push(...value.split(/\s+/).filter(Boolean))
    if (word === 'KEYS' && header.plain === 0) header.plain = header.keys.length
    if (word === 'ARGV') header.argv = true
    if (word === 'GIVES') header.gives = true
    if (word === 'FLAGS') header.flags = readFlags(file, value)
  }
  if (header.keys.length === 0) throw new Error(`${file}: the header has no "-- KEYS a b c"`)
  const twice = header.keys.find((key, place) => header.keys.indexOf(key) !== place)
  if (twice !== undefined) throw new Error(`${file}: KEYS names ${twice} twice`)
  return header
}

/** @param {string} file @param {string} value */
function readFlags(file, value) {
  const flags = value.split(/[\s,]+/).filter(Boolean)
  const unknown = flags.find((flag) => !FLAGS.includes(flag))
  if (unknown !== undefined) throw new Error(`${file}: no such flag as ${unknown}; there are ${FLAGS.join(', ')}`)
  return flags.join(',')
}

/**
 * Puts each fragment in the place of its first include line, where it stands once, and of each splice line. A circle is refused.
 * @param {string} file @param {string} source @param {Map<string, string>} fragments
 * @param {Set<string>} placed @param {string[]} within
 * @returns {string}
 */
function include(file, source, fragments, placed = new Set(), within = []) {
  const lines = source.split('\n').map((line) => {
    const [, how, name] = INCLUDE.exec(line) ?? []
    if (name === undefined) {
      // A misspelt or indented include would otherwise be dropped as a comment, and the script fail only when it runs.
      if (/^\s*--.*@(include|splice)/.test(line)) throw new Error(`${file}: not an include: "${line}"`)
      return line
    }
    const fragment = fragments.get(name)
    if (fragment === undefined) throw new Error(`${file}: no fragment ${name}.lua`)
    if (within.includes(name)) throw new Error(`${file}: ${name} includes itself`)
    if (how === 'include' && placed.has(name)) return ''
    placed.add(name)
    return include(`${name}.lua`, fragment, fragments, placed, [...within, name])
  })
  return lines.join('\n')
}

/**
 * Drops comment lines, blank lines and line ends' spaces: the text is sent to every server once per connection.
 * Only whole lines are judged, which holds as long as no string and no comment spans lines: so those are refused.
 * @param {string} file @param {string} source
 */
function strip(file, source) {
  const lines = source.split('\n').map((line) => line.trimEnd())
  for (const line of lines) {
    const comment = /^\s*--/.test(line)
    if (comment ? /^\s*--\[=*\[/.test(line) : /\[=*\[/.test(line)) {
      throw new Error(`${file}: long brackets are not allowed: "${line.trim()}"`)
    }
  }
  return lines.filter((line) => line !== '' && !/^\s*--/.test(line)).join('\n')
}

/**
 * One script, ready for the loader, which still puts `#!lua` and the clock before it.
 * @param {string} name @param {string} source @param {Map<string, string>} fragments @returns {Script}
 */
export function readScript(name, source, fragments = new Map()) {
  const file = `${name}.lua`
  const header = readHeader(file, source)
  if (header.name !== name) throw new Error(`${file}: the header names it ${header.name}`)
  const text = strip(file, include(file, source, fragments))
  return {
    name,
    keys: header.keys,
    plain: header.plain,
    flags: header.flags,
    rights: readRights(file, text, header.keys),
    text,
  }
}

/** Every script of a folder, by name. @param {string} folder @returns {Script[]} */
export function readScripts(folder) {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => file.slice(0, -'.lua'.length))
    .sort()
  const sources = new Map(names.map((name) => [name, readFileSync(join(folder, `${name}.lua`), 'utf8')]))
  return names.filter((name) => !name.startsWith('_')).map((name) => readScript(name, sources.get(name) ?? '', sources))
}

/** @param {string} text */
const quote = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** A template, so that a change to a script shows as lines in a diff. @param {string} text */
const template = (text) => `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\``

/** The generated module. @param {readonly Script[]} scripts */
export function render(scripts) {
  const names = scripts.map(({ name }) => quote(name))
  const entries = scripts.map(
    ({ name, keys, plain, flags, rights, text }) =>
      `  ${quote(name)}: {\n    keys: [${keys.map(quote).join(', ')}],\n    plain: ${plain},\n    flags: ${quote(flags)},\n    rights: [${rights.map(quote).join(', ')}],\n    text: ${template(text)},\n  },\n`,
  )
  return `// Written by lua/inline.mjs from lua/*.lua. Do not edit: change the script and run \`npm run build\`.

export type ScriptName = ${names.length === 0 ? 'never' : names.join(' | ')}

export interface LuaScript {
  /** Names of the key table, in the order of KEYS. */
  readonly keys: readonly string[]
  /** How many of them are on its first KEYS line: all that a plain lane needs, where a script knows one. */
  readonly plain: number
  /** For the \`#!lua flags=\` line, joined by commas; may be empty. */
  readonly flags: string
  /** \`COMMAND part …\`: what it runs on which keys. */
  readonly rights: readonly string[]
  /** Without \`#!lua\` and without the clock: the loader writes both. */
  readonly text: string
}

export const LUA: Readonly<Record<ScriptName, LuaScript>> = {
${entries.join('')}}
`
}

/** Writes the module only when it changed, so that watchers and dates stay quiet. @param {string} folder @param {string} out */
export function inline(folder, out) {
  const now = render(readScripts(folder))
  const before = read(out)
  if (now === before) return false
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, now)
  return true
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

const here = fileURLToPath(import.meta.url)
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === here) {
  inline(dirname(here), join(dirname(here), '..', 'src', 'redis', 'lua.generated.ts'))
}
