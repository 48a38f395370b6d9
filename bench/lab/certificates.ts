/** Certificates for a lab: its own authority, what that signed for `*.pool.test`, and a self-signed one for the same names. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"

export const DOMAIN = "pool.test"

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
const NAMES = `subjectAltName=DNS:*.${DOMAIN}`

/** Writes ca.pem, good.pem, good.key, false.pem and false.key. */
export function makeCertificates(directory: string): void {
  const file = (name: string) => path.join(directory, name)
  const openssl = (...args: ReadonlyArray<string>) => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" })
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`)
  }
  const selfSigned = ["req", "-x509", ...NEW_KEY, "-days", "2"]
  fs.writeFileSync(file("names"), NAMES)
  openssl(...selfSigned, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-subj", "/CN=Fairlead lab authority")
  openssl("req", ...NEW_KEY, "-keyout", file("good.key"), "-out", file("good.csr"), "-subj", `/CN=${DOMAIN}`)
  openssl(
    ...["x509", "-req", "-in", file("good.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"],
    ...["-days", "2", "-extfile", file("names"), "-out", file("good.pem")]
  )
  openssl(
    ...selfSigned,
    ...["-keyout", file("false.key"), "-out", file("false.pem"), "-subj", `/CN=${DOMAIN}`, "-addext", NAMES]
  )
}
