/** The test suites of clients of other projects: which versions, what they need, and which of their files use a network. */
export interface Suite {
  readonly name: string
  readonly version: string
  /** Packages that its tests need, for pip. */
  readonly needs: ReadonlyArray<string>
  /** Files and flags for pytest, from the root of the source distribution. */
  readonly tests: ReadonlyArray<string>
  /** false: its clients never read proxy variables. */
  readonly readsVariables: boolean
}

export const suites: ReadonlyArray<Suite> = [
  {
    name: "requests",
    readsVariables: true,
    version: "2.34.2",
    needs: ["pytest<10", "pytest-httpbin==2.1.0", "httpbin~=0.10.0", "pytest-mock", "trustme", "PySocks"],
    tests: ["tests"]
  },
  {
    name: "httpx",
    readsVariables: true,
    version: "0.28.1",
    needs: [
      ...["pytest<9", "uvicorn", "trio", "anyio", "trustme", "chardet", "cryptography"],
      ...["h2", "socksio", "brotli", "zstandard", "click", "rich", "pygments"]
    ],
    tests: ["tests/client", "tests/test_api.py", "tests/test_main.py", "tests/test_timeouts.py"]
  },
  {
    name: "urllib3",
    readsVariables: false,
    version: "2.8.0",
    needs: [
      ...["pytest<9", "pytest-socket", "pytest-timeout", "anyio[trio]", "trio", "h2", "httpx", "hypercorn", "pysocks"],
      ...["quart", "quart-trio", "cryptography", "idna", "pyopenssl", "trustme"]
    ],
    tests: ["test/with_dummyserver", "test/contrib/test_socks.py", "--timeout=30"]
  },
  {
    name: "aiohttp",
    readsVariables: true,
    version: "3.14.5",
    needs: [
      ...["pytest<9.1", "pytest-aiohttp", "pytest-cov", "pytest-mock", "pytest-timeout", "pytest-xdist", "pytest_codspeed"],
      ...["blockbuster", "coverage", "freezegun", "isal", "proxy.py", "re-assert", "trustme", "zlib_ng", "brotli"]
    ],
    tests: [
      ...["client_functional", "client_ws_functional", "proxy_functional", "web_sendfile_functional"].map(fileOf),
      ...["--numprocesses=2", "--no-cov"]
    ]
  }
]

function fileOf(name: string): string {
  return `tests/test_${name}.py`
}
