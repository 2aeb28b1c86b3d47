import { expect, test } from 'vitest'
import { RespRequests } from './resp-requests.js'

const SET = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n'
const PING = '*1\r\n$4\r\nPING\r\n'

test('requests come out whole, wherever the packets end', () => {
  const bytes = Buffer.from(SET + PING + SET)
  for (let size = 1; size <= bytes.length; size++) {
    const requests = new RespRequests()
    const out = []
    for (let at = 0; at < bytes.length; at += size) out.push(...requests.push(bytes.subarray(at, at + size)))
    expect(out.map(({ args }) => args)).toEqual([['SET', 'k', 'a\r\nb'], ['PING'], ['SET', 'k', 'a\r\nb']])
    expect(Buffer.concat(out.map(({ raw }) => raw))).toEqual(bytes)
  }
})

test('what is no RESP comes out as it went in', () => {
  const requests = new RespRequests()
  expect(requests.push(Buffer.from('\x16\x03\x01'))).toEqual([{ args: [], raw: Buffer.from('\x16\x03\x01') }])
  expect(requests.push(Buffer.from(PING))).toEqual([{ args: [], raw: Buffer.from(PING) }])
})
