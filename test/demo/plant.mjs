// Loaded before the demo: makes one file behave badly when a job opens it, whoever runs the test (root can read anything);
// or one worker fall as soon as it starts.
import { unlinkSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'

const [deed = '', name = ''] = (process.env['PLANT'] ?? '').split(':')
const { open } = promises

if (deed === 'fall' && process.argv[2]?.includes(name)) process.exit(3)

promises.open = async (path, flags, mode) => {
  const text = String(path)
  if (basename(text) !== name) return open(path, flags, mode)
  if (deed === 'unreadable')
    throw Object.assign(new Error(`EACCES: permission denied, open '${text}'`), { code: 'EACCES' })
  if (deed === 'vanish') unlinkSync(path)
  return open(deed === 'other' ? text.replace(name, `not-${name}`) : path, flags, mode)
}
syncBuiltinESMExports()
