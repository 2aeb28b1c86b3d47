/**
 * One look for all who want one: those that come before it is sent share it, those that come while it is under way share the
 * next. So each sees what was true after it had asked, and a thousand that wake at once cost two looks.
 */
export function shared<Seen>(look: () => Promise<Seen>): () => Promise<Seen> {
  let next: Promise<Seen> | undefined
  let underWay: Promise<unknown> = Promise.resolve()
  return () => {
    if (next) return next
    const mine = underWay.then(() => {
      next = undefined
      return look()
    })
    next = mine
    // Whoever shares it hears what went wrong; those of the next try anew.
    underWay = mine.catch(() => {})
    return mine
  }
}
