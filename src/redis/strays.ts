interface Connected {
  destroy(): unknown
}
type Nodes = readonly { readonly client?: Connected; readonly pubSub?: { readonly client: Connected } }[]

/**
 * For a client of node-redis, before it connects; what comes back is called just before it is destroyed. A cluster's that
 * looks for its slots or subscribes just then does not notice: it dials anew, for good, and its process never ends. So
 * whatever comes up after its end is ended then; and all that was ever dialled is remembered, since a `destroy()` that
 * comes before there is a socket is forgotten as well.
 */
export function endingStrays(client: { on(event: string, listener: () => void): unknown }): () => void {
  const all = new Set<Connected>()
  let over = false
  const look = (): void => {
    const { masters = [], replicas = [] } = client as { readonly masters?: Nodes; readonly replicas?: Nodes }
    for (const { client: own, pubSub } of [...masters, ...replicas]) {
      if (own) all.add(own)
      if (pubSub) all.add(pubSub.client)
    }
    if (over) for (const one of all) one.destroy()
  }
  // Others than a cluster's have no such events.
  for (const event of ['node-connect', 'node-reconnecting']) client.on(event, look)
  return () => {
    over = true
    look()
  }
}
