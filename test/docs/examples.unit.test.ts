import { expect, test } from 'vitest'
import { examplesOf, headingsUnder } from './pages.js'
import { runProgram } from './reader.js'

const examples = examplesOf('README.md')
const SECTION = 'One example each'

test.each(examples)('the example under "$title" prints what the README says, in memory', async ({ code, output }) => {
  expect(await runProgram(code, 'memory:', 'ts')).toBe(output)
})

test('each feature has one example, which prints something', () => {
  const features = headingsUnder('README.md', SECTION)
  expect(features.length).toBeGreaterThan(12)
  const titles = examples.map(({ title }) => title)
  expect(features.filter((feature) => titles.filter((title) => title === feature).length !== 1)).toEqual([])
  expect(examples.filter(({ output }) => output.trim() === '')).toEqual([])
})
