type Convoy = typeof import('../src/index.js')

/** The build in dist/, with the types of the source: what users get is what is measured. */
export const built = new URL('../dist/index.js', import.meta.url)

export async function createQueue(
  ...args: Parameters<Convoy['createQueue']>
): Promise<ReturnType<Convoy['createQueue']>> {
  const convoy = (await import(built.href)) as Convoy
  return convoy.createQueue(...args)
}
