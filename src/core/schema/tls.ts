/** Keys of TLS for programs that embed Fairlead and speak TLS themselves. Bytes of other clients pass as they are. */
import * as Schema from "effect/Schema"
import { wordsOf } from "../addressWords.ts"
import { isHost } from "../hostName.ts"
import { key, protective } from "./keys.ts"
import { duration, formed, whole } from "./units.ts"

const MINUTE = 60_000

/** How a server is asked for: under the cover name, under the real name, and under that at the system's addresses. */
export const Stage = Schema.Literals(["cover", "real", "system"])

/** 32 bytes in Base64: the last digit has four bits, and one sign fills up. */
const PIN = /^sha256\/[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/
const PIN_WORDS = "sha256/ and the SHA-256 of a public key in Base64, 44 characters, such as "
  + "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

const PinText = formed(
  Schema.String.check(Schema.makeFilter((text) => PIN.test(text) ? undefined : `expected ${PIN_WORDS}`)),
  { expected: PIN_WORDS, json: { type: "string", pattern: PIN.source } }
)

const NAME = "a host name such as www.example.com, without a port"
const CoverName = formed(
  Schema.String.check(
    Schema.makeFilter((text) =>
      text === "" || (isHost(text) && wordsOf(text) === undefined) ? undefined : `expected ${NAME}`
    )
  ),
  { expected: NAME, json: { type: "string", pattern: "^[^\\s/?#@*:\\[\\]]*$" } }
)

export const tls = {
  chain: key(
    Schema.Array(Stage).check(Schema.isMinLength(1)),
    ["real", "system"],
    "Stages in the order in which they are tried; cover: candidates, with `coverName` in SNI; real: candidates, with the real name; system: the addresses of the system's resolver, with the real name. In every stage the certificate has to be valid for the real name"
  ),
  coverName: protective(key(CoverName, "", "The name that stage cover sends in SNI instead of the real one")),
  attempts: key(whole(1, 64), 2, "Most addresses that one stage tries; a dial plan has at most `attempts` candidates"),
  timeoutMs: key(duration(10, MINUTE), "3s", "Time limit of one TLS handshake; `dial.deadline` limits the whole chain"),
  pins: protective(key(
    Schema.Array(PinText).check(Schema.isMaxLength(32)),
    [],
    "Digests of public keys (SPKI), as sha256/BASE64. A server's own certificate must have one of these keys; a mismatch ends the chain at once; none: any valid certificate will do"
  )),
  pinsReportOnly: key(Schema.Boolean, false, "true: a mismatch is only reported, by the fact AdaptiveTlsPinMismatch")
}
