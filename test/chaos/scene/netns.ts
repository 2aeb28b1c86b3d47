import { lacking, tool } from './tools.js'

const NEEDED = { ip: 'iproute2', nft: 'nftables' }

/** What gets through to a server: nothing is told to anybody, and no connection is reset. */
export type Passage = 'all' | 'no requests' | 'no replies' | 'nothing'

const HOOKS: Readonly<Record<Passage, readonly string[]>> = {
  all: [],
  'no requests': ['input'],
  'no replies': ['output'],
  nothing: ['input', 'output'],
}

let known: { readonly why: string | undefined } | undefined

/** Why this machine can make no network of ours, if it cannot. Tried once, for real. */
export function whyNoNetwork(): string | undefined {
  known ??= { why: tried() }
  return known.why
}

function tried(): string | undefined {
  const why = lacking(NEEDED)
  if (why !== undefined) return why
  try {
    sweep()
    const one = new Network()
    one.pass('nothing')
    one.remove()
    return undefined
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split('\n')[0]
  }
}

const NAME = /^convoy-(\d+)-\d+/

/** What a harness left behind that was killed. Processes in them have died with it. */
function sweep(): void {
  for (const line of tool('ip', 'netns', 'list').split('\n')) {
    const [name, pid] = NAME.exec(line) ?? []
    if (name !== undefined && !lives(Number(pid))) tool('ip', 'netns', 'del', name)
  }
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

const made = new Set<Network>()
let count = 0

// However this process ends, but for SIGKILL: then the next one sweeps.
process.on('exit', () => {
  for (const network of made) network.remove()
})

/** A network of its own in the kernel, one cable long: this machine at one end, a server at the other. */
export class Network {
  /** Of the server's end. */
  readonly address: string
  readonly #name: string

  constructor() {
    count++
    this.#name = `convoy-${process.pid}-${count}`
    // The block for tests between networks: nobody else's. Four addresses for each of us.
    const block = 4 * ((process.pid * 8 + count) % 32_768)
    const at = (place: number): string => `198.${18 + (block >> 16)}.${(block >> 8) & 255}.${(block & 255) + place}`
    this.address = at(2)
    const [ours, theirs] = [`cv${process.pid}-${count}`, 'server']
    tool('ip', 'netns', 'add', this.#name)
    made.add(this)
    try {
      tool('ip', 'link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', this.#name)
      tool('ip', 'address', 'add', `${at(1)}/30`, 'dev', ours)
      tool('ip', 'link', 'set', ours, 'up')
      tool('ip', '-n', this.#name, 'address', 'add', `${at(2)}/30`, 'dev', theirs)
      tool('ip', '-n', this.#name, 'link', 'set', theirs, 'up')
      this.pass('all')
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** What runs a program at the server's end. */
  get launcher(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#name]
  }

  /** What gets through from now on, also of connections that are there. */
  pass(passage: Passage): void {
    const chain = (hook: string): string => {
      const policy = HOOKS[passage].includes(hook) ? 'drop' : 'accept'
      return `chain ${hook} { type filter hook ${hook} priority 0; policy ${policy}; };`
    }
    const table = `table inet cut { ${chain('input')} ${chain('output')} }`
    // In one step: there is no moment in between.
    tool(...(this.launcher as [string, ...string[]]), 'nft', `add table inet cut; delete table inet cut; ${table}`)
  }

  /** The cable goes with it. */
  remove(): void {
    if (made.delete(this)) tool('ip', 'netns', 'del', this.#name)
  }
}
