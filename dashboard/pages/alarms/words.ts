import { words } from '../../language/language.ts'

export const text = words({
  en: {
    title: 'Alarms',
    about: 'What somebody should know of while it lasts. An alarm ends by itself when its cause does.',
    now: 'Now',
    history: 'Before',
    search: 'Find by name or message',
    name: 'Alarm',
    message: 'What',
    raised: 'Since',
    none: 'All is well',
    noneHint: 'No alarm lasts. What could become one is found by:',
    noneFits: 'No alarm fits the search',
    noHistory: 'No alarm was raised or cleared since the start',
  },
  zh: {
    title: '告警',
    about: '需要关注的持续状况，原因消失后告警自动结束。',
    now: '当前',
    history: '历史',
    search: '按名称或内容查找',
    name: '告警',
    message: '内容',
    raised: '开始时间',
    none: '一切正常',
    noneHint: '当前没有告警。检查潜在问题：',
    noneFits: '没有符合条件的告警',
    noHistory: '启动以来没有告警产生或解除',
  },
})
