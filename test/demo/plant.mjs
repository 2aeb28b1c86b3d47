// Loaded before the demo: makes one file behave badly when a job opens it, whoever runs the test (root can read anything).
import { unlinkSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'

const [deed = '', name = ''] = (process.env['PLANT'] ?? '').split(':')
const { open } = promises

promises.open = async (path, flags, mode) => {
  const text = String(path)
  if (basename(text) !== name) return open(path, flags, mode)
  if (deed === 'unreadable')
    throw Object.assign(new Error(`EACCES: permission denied, open '${text}'`), { code: 'EACCES' })
  if (deed === 'vanish') unlinkSync(path)
  return open(deed === 'other' ? text.replace(name, `not-${name}`) : path, flags, mode)
}
syncBuiltinESMExports()
