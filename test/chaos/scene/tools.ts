import { spawnSync } from 'node:child_process'

/** Runs a tool of the system; throws with what it said when it fails. */
export function tool(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${[command, ...args].join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Why these tools cannot be had, if so: what is missing is installed by apt once. */
export function lacking(tools: Readonly<Record<string, string>>): string | undefined {
  const missing = (): string[] => Object.keys(tools).filter((name) => !there(name))
  if (missing().length === 0) return undefined
  const packages = missing().map((name) => tools[name] ?? name)
  const apt = spawnSync('apt-get', ['-qq', 'install', '-y', ...packages], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (missing().length === 0) return undefined
  return `${missing().join(', ')} not found, and apt-get install ${packages.join(' ')} failed: ${apt.error?.message ?? apt.stderr.trim().split('\n').at(-1)}`
}

const there = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
