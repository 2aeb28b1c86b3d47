/**
 * What a queue tells the world: one message per script that changed something, while anybody listens or a journal is
 * kept. As JSON: `[position, ms, kind, [id, …], kind, [id, …], …]`.
 */
export const MESSAGE_KINDS = [
  'queued',
  'revived',
  'duplicate',
  'started',
  'progress',
  'done',
  'retried',
  'failed',
  'jammed',
  'withdrawn',
  'cleared',
  'paused',
  'resumed',
] as const

export type MessageKind = (typeof MESSAGE_KINDS)[number]

/** A message, read. */
export interface Message {
  /** 1, 2, 3 …: one more than the message before. */
  readonly position: number
  /** The server's clock, ms since 1970. */
  readonly at: number
  readonly told: readonly { readonly kind: MessageKind; readonly ids: readonly string[] }[]
}

export function readMessage(text: string): Message {
  const [position, at, ...rest] = JSON.parse(text) as [number, number, ...unknown[]]
  const told = []
  for (let i = 0; i < rest.length; i += 2) told.push({ kind: rest[i] as MessageKind, ids: rest[i + 1] as string[] })
  return { position, at, told }
}
