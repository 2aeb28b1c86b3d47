import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../house/sources.js'

/** The pages a reader is given. */
export const PAGES: readonly string[] = ['README.md', 'SECURITY.md', 'lua/README.md']

export interface Block {
  readonly page: string
  /** Of its first line of code. */
  readonly line: number
  readonly lang: string
  readonly code: string
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** The fenced blocks of a page. */
export function blocksOf(page: string, text: string = readPage(page)): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(({ 1: lang = '', 2: code = '', index }) => ({
    page,
    line: text.slice(0, index).split('\n').length + 1,
    lang,
    code,
  }))
}

export interface Example extends Block {
  /** The heading it stands under. */
  readonly title: string
  /** What it prints. */
  readonly output: string
}

/** Whole programs that are followed by what they print. */
export function examplesOf(page: string, text: string = readPage(page)): Example[] {
  const blocks = blocksOf(page, text)
  return blocks.flatMap((block, i) => {
    const next = blocks[i + 1]
    const end = block.line + block.code.split('\n').length
    if (block.lang !== 'ts' || !block.code.startsWith('import ') || next?.lang !== 'text' || next.line !== end + 2)
      return []
    const before = text.split('\n').slice(0, block.line - 1)
    const title = before.findLast((line) => line.startsWith('#'))?.replace(/^#+ /, '') ?? ''
    return [{ ...block, title, output: next.code }]
  })
}

/** The headings right below another. */
export function headingsUnder(page: string, heading: string): string[] {
  const [, below = ''] = readPage(page).split(`\n## ${heading}\n`)
  const [section = ''] = below.split(/^## /m)
  return [...section.matchAll(/^### (.*)$/gm)].map(([, title = '']) => title)
}

/** What stands between `<!-- name -->` and `<!-- /name -->`. */
export function marked(page: string, name: string): string {
  const [, inside] = fence(name).exec(readPage(page)) ?? []
  if (inside === undefined) throw new Error(`${page} has no <!-- ${name} --> … <!-- /${name} -->`)
  return inside
}

export function writeMarked(page: string, name: string, inside: string): void {
  const text = readPage(page).replace(fence(name), () => `<!-- ${name} -->\n${inside}<!-- /${name} -->`)
  writeFileSync(join(ROOT, page), text)
}

/** The cells of a table without its head; code marks are kept, escaped bars are bars again. */
export function rowsOf(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
}

/** Every link of a page, but those in code. */
export function linksOf(page: string): string[] {
  const prose = readPage(page).replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
}

const fence = (name: string): RegExp => new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`)
