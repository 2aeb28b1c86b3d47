import { test } from 'vitest'
import { asUsers } from './law/on-redis.js'
import { describeStore } from './law.js'
import { findNewer, NO_NEWER } from './support/find-newer.mjs'

const binary = findNewer('Valkey')
if (binary === undefined) test.skip(`the Redis store on Valkey 8 (${NO_NEWER})`, () => {})
else describeStore('the Redis store on Valkey 8, each verb as the user of its role', () => asUsers({ binary }))
