// @ts-check
// What is shown: lines, and on a terminal a progress bar below them.

const WIDTH = 30
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

/** @param {number} n */
export const count = (n) => Math.round(n).toLocaleString('en-US')

/** `1 job`, `2 jobs`. @param {number} n @param {string} one @param {string} many */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`

/** A file's name as it may be shown: a line end or an escape sequence in it must not reach the terminal. @param {string} name */
export const plain = (name) => name.replace(/\p{Cc}/gu, '·')

export class Screen {
  #out
  #isTerminal
  #hasColor
  #bar = ''

  /** @param {NodeJS.WriteStream} out @param {NodeJS.ProcessEnv} env */
  constructor(out, env) {
    this.#out = out
    this.#isTerminal = out.isTTY === true
    this.#hasColor = this.#isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  }

  /** @param {keyof typeof CODES} how @param {string} text */
  paint(how, text) {
    return this.#hasColor && text !== '' ? `\u001b[${CODES[how]}m${text}\u001b[0m` : text
  }

  /** A line that stays, above the bar. */
  line(text = '') {
    this.#out.write(`${this.#wipe()}${text}\n${this.#bar}`)
  }

  /** Draws the bar anew; without a terminal nothing is drawn. @param {number} done @param {number} all @param {string} beside */
  progress(done, all, beside) {
    if (!this.#isTerminal) return
    const wipe = this.#wipe()
    const share = all === 0 ? 1 : done / all
    const full = Math.floor(share * WIDTH)
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    const text = `${percent}  ${count(done)} of ${count(all)} files${beside}`
    // A line longer than the terminal would wrap, and could then not be wiped.
    const room = Math.max(0, (this.#out.columns ?? 80) - WIDTH - 3)
    this.#bar = `  ${this.paint('cyan', '█'.repeat(full))}${this.paint('dim', '░'.repeat(WIDTH - full))}${text.slice(0, room)}`
    this.#out.write(`${wipe}${this.#bar}`)
  }

  /** Takes the bar away for good. */
  end() {
    this.#out.write(this.#wipe())
    this.#bar = ''
  }

  #wipe() {
    return this.#bar === '' ? '' : '\r\u001b[2K'
  }
}
