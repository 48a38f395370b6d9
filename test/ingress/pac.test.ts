/** The text of proxy.pac, run as a browser runs it. */
import { assert, describe, it } from "vitest"
import { parsePattern } from "../../src/ingress/allowed.ts"
import { pacText } from "../../src/ingress/pac.ts"
import { pacFunction } from "../support/pacFunction.ts"

const PROXY = { host: "127.0.0.1", port: 8118 }
const text = (...allow: ReadonlyArray<string>) => pacText(PROXY, allow.map((one) => parsePattern(one)!))

describe("proxy.pac", () => {
  const find = pacFunction(text("*:443", "*.example.com:80", "[2001:db8::1]:8080", "open.example:*"))
  const through = "PROXY 127.0.0.1:8118"

  it.each([
    ["https://github.com/", "github.com", through],
    ["wss://github.com/chat", "github.com", through],
    ["http://github.com/", "github.com", "DIRECT"],
    ["http://github.com:443/", "github.com", through],
    ["http://www.example.com/a:443/", "www.example.com", through],
    ["http://WWW.Example.com./", "WWW.Example.com.", through],
    ["http://example.com/", "example.com", "DIRECT"],
    ["http://[2001:db8::1]:8080/", "[2001:db8::1]", through],
    ["http://[2001:db8::1]:8080/", "2001:db8::1", through],
    ["http://user:secret@open.example:99/", "open.example", through],
    ["https://localhost/", "localhost", "DIRECT"],
    ["https://127.0.0.1/", "127.0.0.1", "DIRECT"],
    ["https://[::1]/", "[::1]", "DIRECT"],
    ["about:blank", "", "DIRECT"]
  ])("sends %s (%s): %s", (url, host, wanted) => assert.strictEqual(find(url, host), wanted))

  it("sends all directly where nothing is allowed", () => {
    assert.strictEqual(pacFunction(text())("https://github.com/", "github.com"), "DIRECT")
  })

  it("puts brackets around an IPv6 address of the proxy", () => {
    const wide = pacText({ host: "2001:db8::9", port: 8118 }, [{ host: "*", port: undefined }])
    assert.strictEqual(pacFunction(wide)("http://a.example/", "a.example"), "PROXY [2001:db8::9]:8118")
  })

  it("cannot be left by a name", () => {
    const evil = pacText(PROXY, [{ host: '"];alert(1)//\n\u2028</script>', port: 1 }])
    assert.notMatch(evil, /\u2028|<\/script>/)
    assert.strictEqual(pacFunction(evil)("http://a.example/", "a.example"), "DIRECT")
  })
})
