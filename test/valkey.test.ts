import { test } from 'vitest'
import { asUsers } from './law/on-redis.js'
import { describeStore } from './law.js'
import { findValkey, NO_VALKEY } from './support/find-valkey.mjs'

const binary = findValkey()
if (binary === undefined) test.skip(`the Redis store on Valkey (${NO_VALKEY})`, () => {})
else describeStore('the Redis store on Valkey, each verb as the user of its role', () => asUsers({ binary }))
