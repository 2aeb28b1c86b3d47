import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Source {
  /** Below the folder that was read, with slashes. */
  readonly path: string
  readonly text: string
}

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Every file of a folder of the project whose name ends so, in order. */
export function sources(folder: string, ending: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending) && !path.split(sep).includes('node_modules'))
    .filter((path) => statSync(join(ROOT, folder, path)).isFile())
    .sort()
    .map((path) => ({
      path: path.split(sep).join('/'),
      text: readFileSync(join(ROOT, folder, path), 'utf8'),
    }))
}

/** Lines of code: blank ones and comments are free, or the docstrings would pay for the budget. */
export function lineCount({ text }: Source): number {
  return text.split('\n').filter((line) => !/^\s*(?:$|\/\/|\/\*|\*|--)/.test(line)).length
}
