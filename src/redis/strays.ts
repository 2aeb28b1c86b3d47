type Nodes = readonly { readonly client?: { destroy(): unknown } }[]

/**
 * For a client of node-redis that is about to be destroyed. A cluster's that looks for its slots just then does not notice:
 * it dials all nodes anew, for good, and its process never ends. So whatever comes up after its end is ended then; what is
 * dialled is remembered until it has a socket, for a `destroy()` that comes before that is forgotten as well.
 */
export function endStrays(client: { on(event: string, listener: () => void): unknown }): void {
  const strays = new Set<Nodes[number]['client']>()
  const end = (): void => {
    const { masters, replicas } = client as unknown as { readonly masters: Nodes; readonly replicas: Nodes }
    for (const node of [...masters, ...replicas]) strays.add(node.client)
    for (const stray of strays) stray?.destroy()
  }
  // Others than a cluster's have no such events.
  for (const event of ['node-connect', 'node-reconnecting']) client.on(event, end)
}
