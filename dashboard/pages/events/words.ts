import { words } from '../../language/language.ts'

export const text = words({
  en: {
    title: 'Events',
    about: 'What the broker noticed: the last ones, the newest first, as they happen.',
    name: 'Event',
    search: 'Find by the beginning of the name',
    kind: 'Kind',
    every: 'Every kind',
    kinds: {
      client: 'Clients',
      session: 'Sessions',
      alarm: 'Alarms',
      bridge: 'Bridges',
      storage: 'Storage',
    },
    at: 'When',
    detail: 'What',
    none: 'Nothing has happened yet',
    noneHint: 'Connect a client from another terminal:',
    noneFits: 'No event fits the filter',
  },
  zh: {
    title: '事件',
    about: '服务器记录的最近事件，最新的在前，实时更新。',
    name: '事件',
    search: '按名称开头查找',
    kind: '类型',
    every: '所有类型',
    kinds: { client: '客户端', session: '会话', alarm: '告警', bridge: '桥接', storage: '存储' },
    at: '时间',
    detail: '内容',
    none: '还没有事件',
    noneHint: '在另一个终端中连接客户端：',
    noneFits: '没有符合条件的事件',
  },
})
