import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditing } from './law/auditing.js'
import { claiming } from './law/claiming.js'
import { controlling } from './law/controlling.js'
import { deduping } from './law/deduping.js'
import { delaying } from './law/delaying.js'
import { keeping } from './law/keeping.js'
import { looking } from './law/looking.js'
import { prioritizing } from './law/prioritizing.js'
import { publishing } from './law/publishing.js'
import { remembering } from './law/remembering.js'
import { retrying } from './law/retrying.js'
import { type Laws, Scene, type StoreUnderTest } from './law/scene.js'
import { settling } from './law/settling.js'
import { sweeping } from './law/sweeping.js'
import { telling } from './law/telling.js'

const CHAPTERS: Readonly<Record<string, Laws>> = {
  publishing,
  deduping,
  delaying,
  prioritizing,
  claiming,
  settling,
  retrying,
  remembering,
  sweeping,
  controlling,
  telling,
  looking,
  keeping,
  auditing,
}

/** Enough for any law; those that wait for a token that is not there end by it. */
const LIMIT = 15_000

/**
 * What every store must do, whatever it is made of. `gaps`: laws a store is excused from, sentence → reason. A reason
 * there must be, and a gap that names no law is a mistake.
 */
export function describeStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  gaps: Readonly<Record<string, string>> = {},
): void {
  describe(name, () => {
    let under: StoreUnderTest
    beforeAll(async () => {
      under = await open()
    }, 60_000)
    afterAll(() => under?.close())

    for (const [chapter, laws] of Object.entries(CHAPTERS)) {
      describe(chapter, () => {
        for (const [sentence, law] of Object.entries(laws)) {
          if (gaps[sentence] !== undefined) {
            test.skip(`${sentence} (${gaps[sentence]})`, () => {})
            continue
          }
          test(sentence, { timeout: LIMIT }, async () => {
            const scene = new Scene(under)
            try {
              await scene.pass(0)
              await law(scene)
            } finally {
              await scene.close()
            }
          })
        }
      })
    }

    test('every gap names a law and has a reason', () => {
      const sentences = new Set(Object.values(CHAPTERS).flatMap((laws) => Object.keys(laws)))
      for (const [sentence, reason] of Object.entries(gaps)) {
        expect(sentences).toContain(sentence)
        expect(reason).not.toBe('')
      }
    })
  })
}
