/**
 * Compares credentials without telling by the time it takes how much of them is right: digests under a key of this process are
 * compared, always of all users.
 */
import { Buffer } from "node:buffer"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"
import type { Credentials } from "../../../ingress/Handshake.ts"
import type { WayIn } from "./WayIn.ts"

type Check = (credentials: Credentials) => boolean

const KEY = randomBytes(32)
const checks = new WeakMap<WayIn["users"], Check | "none">()

/** undefined: no client needs credentials. */
export function checkOf({ users }: WayIn): Check | undefined {
  const known = checks.get(users) ?? made(Redacted.value(users))
  checks.set(users, known)
  return known === "none" ? undefined : known
}

function made(users: Readonly<Record<string, string>>): Check | "none" {
  const all = Object.entries(users).map(([user, password]) => digest(Buffer.from(user), Buffer.from(password)))
  if (all.length === 0) return "none"
  return ({ user, password }) => {
    const shown = digest(user, password)
    return all.reduce((found, one) => timingSafeEqual(one, shown) || found, false)
  }
}

/** The length in front keeps `ab` + `c` and `a` + `bc` apart. */
function digest(user: Uint8Array, password: Uint8Array): Buffer {
  return createHmac("sha256", KEY).update(`${user.length} `).update(user).update(password).digest()
}

/** The credentials in a `Proxy-Authorization` of the scheme Basic; undefined: there are none. */
export function basicCredentials(header: string | undefined): Credentials | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? "") ?? []
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, "base64")
  const colon = bytes.indexOf(":")
  return colon < 0 ? undefined : { user: bytes.subarray(0, colon), password: bytes.subarray(colon + 1) }
}
