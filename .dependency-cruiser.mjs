/** Who may import whom; each rule says why. */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle has no first file to read',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'data-imports-nothing',
      comment: 'the tables are data: everything may read them, they read nothing',
      severity: 'error',
      from: { path: '^lib/(actions|locations|errors)\\.ts$' },
      to: { path: '.' },
    },
    {
      name: 'route-is-pure',
      comment: 'where an event goes depends on the event and the tables alone: no clock, no environment, no network',
      severity: 'error',
      from: { path: '^lib/(route|edition)\\.ts$' },
      to: { pathNot: '^lib/(actions|locations|edition|errors)\\.ts$' },
    },
    {
      name: 'sources-apart',
      comment: 'a source that knows another can break it',
      severity: 'error',
      from: { path: '^lib/sources/(?!index)([^/]+)\\.ts$' },
      to: {
        path: '^lib/sources/',
        pathNot: '^lib/sources/(image|oidc|settings|signature|source|vocabulary|window|$1)\\.ts$',
      },
    },
    {
      name: 'queues-apart',
      comment: 'a queue backend stands alone behind the port',
      severity: 'error',
      from: { path: '^lib/queues/(sqs|memory)\\.ts$' },
      to: { path: '^lib/queues/(?!queue\\.ts)' },
    },
    {
      name: 'stores-apart',
      comment: 'a store stands alone behind the port',
      severity: 'error',
      from: { path: '^lib/stores/(files|memory|s3)\\.ts$' },
      to: { path: '^lib/stores/(?!store\\.ts)' },
    },
    {
      name: 'formats-apart',
      comment: 'each form is made of the event alone: one that is made of another one changes with it',
      severity: 'error',
      from: { path: '^lib/formats/(?!index)[^/]+\\.ts$' },
      to: { path: '^lib/formats/', pathNot: '^lib/formats/format\\.ts$' },
    },
    {
      name: 'schemas-stay-at-home',
      comment:
        'the schemas of the forms say what is written: only tests and docs read them, and no function has to carry them',
      severity: 'error',
      from: { path: '^(lib/(?!formats/schemas/)|functions/)' },
      to: { path: '^lib/formats/schemas/' },
    },
    {
      name: 'lib-knows-no-function',
      comment: 'functions → lib, never back',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(functions|local|deploy|bench|test|cli)/' },
    },
    {
      name: 'cli-looks-in-from-outside',
      comment:
        'the command line uses what is deployed: the library, the list of registries and that of the families; nothing uses it',
      severity: 'error',
      from: { path: '^cli/' },
      to: {
        path: '^(functions|local|deploy|bench|test|scripts)/',
        pathNot: '^(deploy/(archive|registries)|functions/webhook)\\.ts$',
      },
    },
    {
      name: 'nothing-needs-the-cli',
      comment: 'a person calls it, and the docs read its tables',
      severity: 'error',
      from: { pathNot: '^(cli|test|scripts)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'verify-alone',
      comment:
        'what verifies an archive shares no code with what writes and reads it, but the table of the columns: a mistake there could hide from itself',
      severity: 'error',
      from: { path: '^lib/verify/' },
      to: { path: '^lib/', pathNot: '^lib/(verify/|archive/columns\\.ts$|time\\.ts$)' },
    },
    {
      name: 'people-verify',
      comment: 'whoever verifies does so on a machine of his own: no function carries it',
      severity: 'error',
      from: { pathNot: '^(lib/verify|cli|bench|scripts|test)/' },
      to: { path: '^lib/verify/' },
    },
    {
      name: 'people-redrive',
      comment: 'nothing goes back by itself: what redrives stays out of what is deployed',
      severity: 'error',
      from: { pathNot: '^(lib/redrive|cli|local|test)/' },
      to: { path: '^lib/redrive/' },
    },
    {
      name: 'terminals-in-the-cli',
      comment: 'what talks to people stays out of what is deployed',
      severity: 'error',
      from: { pathNot: '^cli/' },
      to: { path: 'node_modules/(commander|cli-progress)/' },
    },
    {
      name: 'middy-in-one-file',
      comment: 'the platform stays in its runtime',
      severity: 'error',
      from: { pathNot: '^(lib/runtimes/middy\\.ts$|bench/)' },
      to: { path: 'node_modules/@middy' },
    },
    {
      name: 'signing-in-one-file',
      comment:
        'one way to call AWS, one place to change it; people have profiles and SSO, which only the AWS SDK knows to read (cli/credentials.ts); the bucket of the tests checks signatures with a library of its own',
      severity: 'error',
      from: { pathNot: '^(lib/aws\\.ts$|cli/credentials\\.ts$|bench/|test/stores/bucket\\.ts$)' },
      to: { path: 'node_modules/(aws4|aws4fetch|@aws-sdk)/' },
    },
    {
      name: 'tokens-in-one-file',
      comment: 'one place that verifies JSON web tokens',
      severity: 'error',
      from: { pathNot: '^lib/sources/oidc\\.ts$' },
      to: { path: 'node_modules/jose/' },
    },
    {
      name: 'calls-in-one-file',
      comment:
        'nothing goes out but signed calls to AWS (jose fetches the configured keys of tokens): no address that came in is ever called. lib/outcome.ts takes phrases from http; lib/address.ts, ECR and Nexus look at addresses with net. Alerts go to the webhooks that archive.ts lists, and only there. lib/verify reads with several threads',
      severity: 'error',
      from: {
        path: '^(lib|functions)/',
        pathNot: '^lib/(aws|alerts/webhook|outcome|address|sources/(ecr|nexus)|verify/(pool|worker))\\.ts$',
      },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(http|https|http2|net|tls|dns|dgram|child_process|cluster|worker_threads|inspector|quic)(/|$)',
      },
    },
    {
      name: 'emulation-stays-at-home',
      comment: 'nothing that is deployed may need what only emulation has',
      severity: 'error',
      from: { path: '^(lib|functions)/' },
      to: { path: 'node_modules/(fauxqs|serverless|serverless-offline|esbuild)/' },
    },
    {
      name: 'web-stands-alone',
      comment:
        'the viewer checks the work of lib, in the browser: nothing of lib may have a part in it, and what it loads has to be small',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '.', pathNot: '^(web/|node_modules/(preact|@preact)/)' },
    },
    {
      name: 'nothing-needs-web',
      comment: 'it is made at bundle time (deploy/web.ts) and served as files',
      severity: 'error',
      from: { pathNot: '^(web|test)/' },
      to: { path: '^web/' },
    },
    {
      name: 'no-orphans',
      comment: 'a file that nothing reaches is dead',
      severity: 'error',
      from: { orphan: true, path: '^lib/' },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    exclude: { path: '^(\\.build|\\.serverless)/' },
    parser: 'acorn',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
}
