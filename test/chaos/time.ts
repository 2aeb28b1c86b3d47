import { pause, systemClock } from '../../src/time.js'

/** A fault has a length and a handler does work: the one place where chaos lets time pass. */
export const lasting = (ms: number, signal?: AbortSignal): Promise<void> => pause(systemClock, ms, signal)

/** CLOCK_MONOTONIC in µs: comparable between all processes of one machine, and deaf to any step of its clock. */
export const micros = (): number => Number(process.hrtime.bigint() / 1_000n)
