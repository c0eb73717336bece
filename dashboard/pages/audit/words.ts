import { words } from '../../language/language.ts'

export const text = words({
  en: {
    title: 'Audit',
    about:
      'Who changed what through the API, this page included. Older entries are in audit.log of the data directory.',
    search: 'Only of (whole name)',
    at: 'When',
    actor: 'Who',
    via: 'Via',
    vias: { loopback: 'this machine', session: 'log-in', key: 'API key' },
    address: 'Address',
    action: 'What',
    path: 'Path',
    status: 'Status',
    none: 'Nothing was changed since the start',
    noneHint: 'Whatever changes something is listed here. Change something, and look again:',
    noneFits: 'There is nothing of this name',
  },
  zh: {
    title: '审计',
    about: '通过 API（包括本页面）进行的更改。更早的记录在数据目录的 audit.log 中。',
    search: '操作者（完整名称）',
    at: '时间',
    actor: '操作者',
    via: '方式',
    vias: { loopback: '本机', session: '登录', key: 'API 密钥' },
    address: '地址',
    action: '操作',
    path: '路径',
    status: '状态',
    none: '启动以来没有更改',
    noneHint: '所有更改都会列在这里。试着更改后再查看：',
    noneFits: '没有该操作者的记录',
  },
})
