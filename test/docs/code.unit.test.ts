import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ROOT } from '../house/sources.js'
import { type Block, blocksOf, linksOf, PAGES, readPage } from './pages.js'
import { linkPackages } from './reader.js'

const dir = mkdtempSync(join(tmpdir(), 'convoy-docs-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** What a reader of the page has in hand by then. */
const PRELUDE = "import type { Queue } from 'convoy-queue'; declare const trucks: Queue;"
const COMPILER_OPTIONS = {
  strict: true,
  noUncheckedIndexedAccess: true,
  target: 'es2023',
  lib: ['es2023'],
  module: 'nodenext',
  types: ['node'],
  skipLibCheck: true,
  noEmit: true,
}

test('every program in the pages type-checks as a reader would compile it', () => {
  const programs = PAGES.flatMap((page) => blocksOf(page)).filter(({ lang }) => lang === 'ts')
  expect(programs.length).toBeGreaterThan(8)
  linkPackages(dir)
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }))
  for (const { page, line, code } of programs) {
    const name = `${page.replace(/\W/g, '-')}-${line}.ts`
    writeFileSync(join(dir, name), `${code.includes('const trucks =') ? '' : PRELUDE}${code}\nexport {}\n`)
  }
  expect(compile()).toBe('')
})

/** What the compiler says; empty when it is content. */
function compile(): string {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  try {
    return execFileSync(process.execPath, [tsc, '-p', dir], { encoding: 'utf8' })
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}

const commands = PAGES.flatMap((page) => blocksOf(page)).filter(({ lang }) => lang === 'sh')
const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts

test('every command in the pages is one the package has', () => {
  const named = commands.flatMap(({ code }) =>
    [...code.matchAll(/\bnpm (?:run )?([\w:]+)/g)].map(([, name = '']) => name),
  )
  expect(named.length).toBeGreaterThan(1)
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  for (const { code } of commands) execFileSync('sh', ['-n', '-c', code])
})

test('every block says what language it is in', () => {
  const unknown = (block: Block): boolean => !['ts', 'sh', 'text'].includes(block.lang)
  expect(PAGES.flatMap((page) => blocksOf(page).filter(unknown))).toEqual([])
})

test('the first program of the README is whole by line 20', () => {
  const [first] = blocksOf('README.md')
  expect(first?.code).toContain('close()')
  expect((first?.line ?? 0) + (first?.code.split('\n').length ?? 0) - 1).toBeLessThanOrEqual(20)
})

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  const links = linksOf(page)
  const dead = links.filter((link) => {
    if (/^https:\/\//.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && !anchorsOf(target).includes(anchor)
  })
  expect(dead).toEqual([])
})

/** A heading's anchor, as GitHub makes it. */
function anchorsOf(page: string): string[] {
  const headings = [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}
