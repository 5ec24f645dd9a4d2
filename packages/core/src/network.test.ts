import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createNetwork, type NetworkOptions } from './network.ts'

const open = createNetwork()
const everything = createNetwork({ allow: ['0.0.0.0/0', '::/0', 'any.example'] })

/** Of each range its edges, and its neighbours if they are public (a dash: they are in the next range). */
const RANGES: readonly [cidr: string, first: string, last: string, before: string, after: string][] = [
  ['0.0.0.0/8', '0.0.0.0', '0.255.255.255', '-', '1.0.0.0'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0/24', '192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0/24', '192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0/24', '192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0/4', '224.0.0.0', '239.255.255.255', '223.255.255.255', '-'],
  ['240.0.0.0/4', '240.0.0.0', '255.255.255.254', '-', '-'],
  ['255.255.255.255/32', '255.255.255.255', '255.255.255.255', '-', '-'],
  ['::/128', '::', '::', '-', '-'],
  ['::1/128', '::1', '::1', '-', '-'],
  ['64:ff9b::/96', '64:ff9b::808:808', '64:ff9b::ffff:ffff', '-', '-'],
  ['64:ff9b:1::/48', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', '-', '-'],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff', '-', '-'],
  ['100:0:0:1::/64', '100:0:0:1::', '100::1:ffff:ffff:ffff:ffff', '-', '-'],
  ['2001::/32', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-'],
  ['2001::/23', '2001:1::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '-', '2001:200::'],
  [
    '2001:db8::/32',
    '2001:db8::',
    '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
    '2001:db9::',
  ],
  ['2002::/16', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
  ['3fff::/20', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::'],
  ['5f00::/16', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-', '-'],
  ['fc00::/7', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-', '-'],
  ['fec0::/10', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-', '-'],
  ['ff00::/8', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-', '-'],
]

describe('ranges that are not public', () => {
  it.each(RANGES)('%s', (cidr, first, last, before, after) => {
    for (const address of [first, last]) {
      const message = open.checkAddress('a.example', address)?.message
      expect(message).toContain(address)
      expect(message).toContain(`network.allow: ['${cidr}'] or ['a.example']`)
    }
    for (const address of [before, after]) if (address !== '-') expect(open.checkAddress('a.example', address)).toBeNull()
    if (!cidr.includes(':')) {
      for (const address of [first, last]) expect(open.checkAddress('a.example', `::ffff:${address}`)?.message).toContain(cidr)
      for (const address of [before, after])
        if (address !== '-') expect(open.checkAddress('a.example', `::ffff:${address}`)).toBeNull()
    }
  })

  it.each(['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '2000::', '3fff:ffff::1', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => expect(open.checkAddress('a.example', address)).toBeNull(),
  )

  it.each([
    '::2',
    '::7f00:1',
    '::8.8.8.8',
    '::ffff:0:8.8.8.8',
    '1::',
    '1fff:ffff::',
    '4000::',
    '2606:4700::5efe:808:808',
    '2606:4700::200:5efe:808:808',
    'e000::',
  ])('%s is no global address', (address) => expect(open.checkAddress('a.example', address)?.message).toContain('only called if'))

  it.each(['', 'junk', '127.1', '0x7f.0.0.1', '2130706433', '1.2.3.4.5', '1.2.3.256', ':::', '[::1'])(
    '%j is no address, and not called',
    (address) => expect(everything.checkAddress('any.example', address)?.message).toContain('cannot be read'),
  )
})

describe('link-local and metadata addresses are refused whatever is allowed', () => {
  it.each([
    '169.254.0.0',
    '169.254.169.254',
    '169.254.255.255',
    '::ffff:169.254.169.254',
    'fe80::',
    'fe80::1%eth0',
    'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    'fd00:ec2::254',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    // Through NAT64, 6to4, Teredo, ISATAP, as compatible and as translated address.
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '2001:0:1:2:3:4:5601:5601',
    '2606:4700::5efe:a9fe:a9fe',
    '::a9fe:a9fe',
    '::ffff:0:a9fe:a9fe',
  ])('%s', (address) =>
    expect(everything.checkAddress('any.example', address)?.message).toContain('never called, whatever network.allow says'),
  )

  it.each([
    '168.63.129.15',
    '168.63.129.17',
    '100.100.100.199',
    '100.100.100.201',
    '169.253.255.255',
    '169.255.0.0',
    'fd00:ec2::253',
    'fec0::',
  ])('its neighbour %s can be allowed', (address) => expect(everything.checkAddress('any.example', address)).toBeNull())

  it.each([
    'http://metadata.google.internal/',
    'http://METADATA.google.internal./x',
    'http://metadata.goog',
    'http://instance-data/latest',
  ])('%s', (url) =>
    expect(
      createNetwork({ allow: ['metadata.google.internal', '*.internal', 'instance-data'] }).checkUrl(url)?.message,
    ).toContain('never called'),
  )
})

describe('what the process allows', () => {
  it.each<[allow: string, host: string, address: string, allowed: boolean]>([
    ['10.1.2.3', '10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.4', '10.1.2.4', false],
    ['10.1.0.0/16', 'a.example', '10.1.255.255', true],
    ['10.1.0.0/16', 'a.example', '10.2.0.0', false],
    ['10.1.2.3/16', 'a.example', '10.1.0.0', true],
    ['10.1.0.0/16', 'a.example', '::ffff:10.1.0.1', true],
    ['::ffff:10.1.0.0/112', 'a.example', '10.1.0.1', true],
    ['::ffff:10.1.0.0/112', 'a.example', '10.2.0.1', false],
    ['::1', '::1', '::1', true],
    ['[::1]', '::1', '::1', true],
    ['fd12::/16', 'a.example', 'fd12::1', true],
    ['fd12::/16', 'a.example', 'fd13::1', false],
    ['localhost', 'localhost', '127.0.0.1', true],
    ['localhost', 'LocalHost.', '::1', true],
    ['localhost', 'a.localhost', '127.0.0.1', false],
    ['Cms.Internal.', 'cms.internal', '10.0.0.1', true],
    ['cms.internal', 'x.cms.internal', '10.0.0.1', false],
    ['cms.internal', 'xcms.internal', '10.0.0.1', false],
    ['bücher.example', 'xn--bcher-kva.example', '10.0.0.1', true],
    ['*.svc.cluster.local', 'a.b.svc.cluster.local', '10.0.0.1', true],
    ['*.svc.cluster.local', 'svc.cluster.local', '10.0.0.1', false],
    ['*.svc.cluster.local', 'evilsvc.cluster.local', '10.0.0.1', false],
    ['*.svc.cluster.local', 'a.svc.cluster.local.evil.example', '10.0.0.1', false],
    ['64:ff9b::/96', 'a.example', '64:ff9b::808:808', true],
    // A NAT64 that is allowed is no way into the private network.
    ['64:ff9b::/96', 'a.example', '64:ff9b::a00:1', false],
  ])('%s: %s at %s → %s', (allow, host, address, allowed) =>
    expect(createNetwork({ allow: [allow] }).checkAddress(host, address) === null).toBe(allowed),
  )

  it('the setting that a refusal names is one that allows it', () => {
    const v4 = fc.ipV4()
    const v6 = fc.ipV6()
    fc.assert(
      fc.property(
        fc.oneof(
          v4,
          v6,
          v4.map((address) => `::ffff:${address}`),
        ),
        (address) => {
          let allow: string[] = []
          for (let refusals = 0; refusals < 3; refusals++) {
            const refusal = createNetwork({ allow }).checkAddress('a.example', address)
            if (refusal === null || refusal.message.includes('never called')) return
            const setting = /network\.allow: \['([^']+)'\]/.exec(refusal.message)?.[1]
            allow = [...allow, setting as string]
          }
          throw new Error(`still refused with ${allow}`)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each<[NetworkOptions, string]>([
    [{ allow: ['10.0.0.0/33'] }, 'network.allow[0] "10.0.0.0/33" is not'],
    [{ allow: ['localhost', 'fd00::/129'] }, 'network.allow[1] "fd00::/129" is not'],
    [{ allow: ['10.1'] }, '"10.1" is not'],
    [{ allow: ['2130706433'] }, 'is not an address'],
    [{ allow: ['*'] }, '"*" is not'],
    [{ allow: ['a.*.b'] }, 'is not'],
    [{ allow: ['http://localhost'] }, 'is not'],
    [{ allow: ['localhost:3000'] }, 'is not'],
    [{ allow: ['127.0.0.1:3000'] }, 'is not'],
    [{ allow: ['fe80::1%eth0/64'] }, 'is not'],
    [{ allow: ['fe80::1%eth0'] }, 'is not'],
    [{ allow: ['a b'] }, 'is not'],
    [{ allow: [''] }, 'network.allow[0] has to be an address, a CIDR or a host name, not an empty string'],
    [{ allow: [5 as unknown as string] }, 'not a number'],
    [{ allow: 'localhost' as unknown as string[] }, 'network.allow has to be an array'],
    [{ https: 'yes' as 'any' }, 'network.https'],
    [{ preset: 'open' as 'public' }, 'network.preset'],
    [{ ports: [0] }, 'network.ports'],
    [{ ports: ['443'] as unknown as number[] }, 'network.ports'],
  ])('%j is a configuration error', (options, message) => {
    expect(() => createNetwork(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
    )
  })

  it('tells all that is wrong at once', () => {
    expect(() => createNetwork({ allow: ['*', '10.0.0.0/99'], ports: [-1] })).toThrow(
      expect.objectContaining({
        problems: [
          { path: 'network.ports', message: expect.any(String) },
          expect.objectContaining({ path: 'network.allow[0]' }),
          expect.objectContaining({ path: 'network.allow[1]' }),
        ],
      }),
    )
  })
})

describe('urls', () => {
  it.each([
    'https://a.example/',
    'http://a.example:8080/x?y',
    'https://1.1.1.1/',
    'https://[2606:4700:4700::1111]/',
    'https://notlocalhost/',
  ])('%s may be called', (url) => expect(open.checkUrl(url)).toBeNull())

  it.each<[url: string, message: string]>([
    ['nonsense', 'not a valid url'],
    ['', 'not a valid url'],
    ['ftp://a.example/', 'ftp:'],
    ['file:///etc/passwd', 'file:'],
    ['https://me:hush@a.example/', 'user name or a password'],
    ['https://me@a.example/', 'user name or a password'],
    ['http://[fe80::1%25eth0]/', 'zone id'],
    ['http://127.0.0.1/', '127.0.0.1 is loopback (127.0.0.0/8)'],
    ['http://127.1/', '127.0.0.1 is loopback'],
    ['http://2130706433/', '127.0.0.1 is loopback'],
    ['http://0x7f.1/', '127.0.0.1 is loopback'],
    ['http://0177.0.0.1/', '127.0.0.1 is loopback'],
    ['http://①②⑦.0.0.1/', '127.0.0.1 is loopback'],
    ['http://127.0.0.1./', '127.0.0.1 is loopback'],
    ['http://[::1]/', '::1 is loopback (::1/128)'],
    ['http://[::ffff:127.0.0.1]/', '127.0.0.1 is loopback'],
    ['http://[::ffff:7f00:1]/', '127.0.0.1 is loopback'],
    ['http://[0:0:0:0:0:ffff:7f00:1]/', '127.0.0.1 is loopback'],
    [
      'http://localhost:3000/',
      "localhost is at 127.0.0.1, which is loopback (127.0.0.0/8): only called if the process allows it with network.allow: ['127.0.0.0/8'] or ['localhost']",
    ],
    ['http://app.localhost/', 'app.localhost is at 127.0.0.1'],
    ['http://169.254.169.254/latest', 'never called'],
  ])('%s may not', (url, message) => expect(open.checkUrl(url)?.message).toContain(message))

  it('says nothing of what an url may hide', () => {
    for (const url of [
      'https://me:hush@a.example/',
      'http://127.0.0.1/hush?hush#hush',
      'hush',
      'ftp://hush/',
      'http://localhost/?hush',
    ])
      expect(open.checkUrl(url)?.message).not.toContain('hush')
  })

  it.each([['localhost'], ['127.0.0.0/8'], ['::1'], ['127.0.0.1']])('localhost may be called with %s', (entry) =>
    expect(createNetwork({ allow: [entry] }).checkUrl('http://localhost:3000/')).toBeNull(),
  )

  it('https and ports', () => {
    const strict = createNetwork({ https: 'required', ports: [443, 8443] })
    expect(strict.checkUrl('https://a.example/')).toBeNull()
    expect(strict.checkUrl('https://a.example:8443/')).toBeNull()
    expect(strict.checkUrl('http://a.example:443/')?.message).toContain("network.https: 'any'")
    expect(strict.checkUrl('https://a.example:22/')?.message).toBe('port 22 of a.example is not among network.ports')
    expect(createNetwork({ ports: [80] }).checkUrl('http://a.example/')).toBeNull()
  })

  it('every spelling of a loopback address is refused', () => {
    const octet = (n: number) => fc.constantFrom(String(n), `0x${n.toString(16)}`, `0${n.toString(8)}`)
    const spelling = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }))
      .chain(([b, c, d]) =>
        fc.oneof(
          fc.tuple(octet(127), octet(b), octet(c), octet(d)).map((parts) => parts.join('.')),
          octet(127 * 2 ** 24 + b * 2 ** 16 + c * 256 + d),
          fc.tuple(octet(127), octet(b * 2 ** 16 + c * 256 + d)).map((parts) => parts.join('.')),
          fc.constant(`[::ffff:127.${b}.${c}.${d}]`),
        ),
      )
    fc.assert(fc.property(spelling, (host) => void expect(open.checkUrl(`http://${host}/`)?.message).toContain('127.0.0.0/8')))
  })
})
