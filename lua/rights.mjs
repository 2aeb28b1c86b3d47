// What a script runs on which keys, read off its text: what `check` asks the server for, and what the lines of access
// rules in SECURITY.md are written from. So neither can go stale.

/** These take nothing but keys. */
const ALL_KEYS = ['EXISTS', 'UNLINK']

/**
 * `COMMAND part …` for each command. A key is called by its part's name, everywhere: as a local, as a parameter of a
 * fragment, as a field (`kept.failed`). A command on what goes by another name may be on any key of the script.
 * @param {string} file @param {string} text @param {readonly string[]} parts @returns {string[]}
 */
export function readRights(file, text, parts) {
  /** @type {Map<string, Set<string>>} */
  const rights = new Map()
  /** @param {string} command @param {readonly string[]} keys */
  const add = (command, keys) => {
    const known = rights.get(command) ?? new Set()
    rights.set(command, known)
    for (const key of keys) known.add(key)
  }
  for (const [, call = '', first = '', list = ''] of text.matchAll(
    /\b(redis\.p?call|sound)\b(?=\(?([^,()]*)(?:, ([^()]*))?)/g,
  )) {
    // The head and the body of `sound` itself: whoever calls it says which.
    if (first === 'size') continue
    const command = /^'([A-Z]+)'$/.exec(first)?.[1]
    if (command === undefined) throw new Error(`${file}: a command is to be spelled out: ${call}(${first}, …)`)
    const words = list.split(',').map((word) => word.trim().replace(/^\w+\./, ''))
    if (command === 'SPUBLISH') {
      add(command, ['events'])
      continue
    }
    const keys = call === 'sound' || ALL_KEYS.includes(command) ? words.filter(Boolean) : words.slice(0, 1)
    add(command, keys.every((key) => parts.includes(key)) ? keys : parts)
  }
  if (/\bnow\(\)/.test(text)) add('TIME', [])
  return [...rights].map(([command, keys]) => [command, ...[...keys].sort()].join(' ')).sort()
}
