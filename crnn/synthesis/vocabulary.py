"""Words and forms of fields that ``grammars`` puts into lines.

``WORDS`` has a list for each symbol; in ``LISTS``, ``_`` stands for a blank within an entry.
"""

LISTS = {
    # Shops, restaurants, parcels
    "item_zh": """
        牛肉面 宫保鸡丁 番茄炒蛋 红烧肉 米饭 酸辣土豆丝 小笼包 豆浆 油条 煎饼果子 皮蛋瘦肉粥 麻辣烫 黄焖鸡 螺蛳粉
        拿铁 美式咖啡 珍珠奶茶 柠檬水 可乐 矿泉水 纯牛奶 酸奶 鸡蛋 苹果 香蕉 西瓜 葡萄 土豆 西红柿 大白菜 五花肉
        挂面 大米 食用油 生抽 陈醋 白砂糖 抽纸 洗衣液 洗发水 牙膏 牙刷 毛巾 垃圾袋 电池 数据线 充电器 蓝牙耳机
        移动硬盘 键盘 鼠标 显示器 手机壳 钢化膜 保温杯 雨伞 运动鞋 T恤 牛仔裤 羽绒服 连衣裙 口红 面膜 洗面奶 防晒霜
        纸尿裤 奶粉 积木 绘本 笔记本 签字笔 A4纸 订书机 螺丝 扳手 插座 LED灯 开关 布洛芬 维生素C 口罩 创可贴
        感冒灵颗粒 阿莫西林 停车费 快递费 洗车 配送费 包装费 餐盒费 会员费 房费 押金 物业费 水费 电费 燃气费 话费
        打印 复印""",
    "item_en": """
        Coffee Latte Espresso Cappuccino Tea Croissant Bagel Sandwich Burger Fries Pizza Salad Soup Noodles Rice
        Sushi Steak Beer Wine Water Juice Milk Eggs Bread Butter Cheese Yogurt Apples Bananas Onions Garlic Chicken
        Beef Shampoo Soap Toothpaste Batteries Cable Charger Headphones Keyboard Mouse Monitor Backpack T-shirt
        Jeans Socks Jacket Notebook Pencil Stapler Paper Toner Parking Delivery Discount Shipping Service Tip
        Deposit Subscription Screws Bolts Washers Bracket Hinge Filter Bulb Switch Outlet Paint""",
    "brand": """
        Apple iPhone iPad MacBook Huawei HUAWEI Xiaomi OPPO vivo Samsung Galaxy Sony Canon Nikon Lenovo ThinkPad
        Dell HP ASUS Intel AMD NVIDIA Qualcomm Bosch Philips Siemens IKEA Nike Adidas UNIQLO ZARA LEGO Nestle
        Starbucks KFC Tesla BYD BMW Toyota Honda Volvo DJI Logitech Kindle PlayStation Nintendo Switch Xbox GoPro
        Dyson Panasonic TOSHIBA SanDisk Kingston TP-LINK Anker JBL Bose""",
    "company_zh": """
        星河 宏达 瑞丰 华润 天成 恒信 博远 新东 金诚 万邦 鼎盛 中科 东方 远景 云帆 百川 长青 明德 嘉和 永兴 国泰
        联创 众合 启明""",
    "trade_zh": """
        科技 信息技术 网络科技 电子商务 商贸 实业 食品 餐饮管理 物流 建设工程 医药 文化传媒 教育咨询 机械制造
        新能源 房地产 农业""",
    "firm_en": """
        Ltd Inc. LLC Corp. GmbH Co.,_Ltd. Sdn_Bhd PLC S.A. Group Holdings Systems Solutions Labs Partners Trading
        Foods""",
    "pay": "支付宝 微信支付 现金 银联卡 云闪付 信用卡 会员卡 Apple_Pay",
    "measure": "个 件 份 瓶 包 盒 袋 台 张 本 条 双 只 套 斤 公斤 箱 杯 碗 片 支 把 块 辆 次 人 位",
    "courier": "顺丰 圆通 中通 申通 韵达 京东 邮政 极兔 德邦 SF YTO ZTO EMS DHL UPS FedEx",
    # People and places
    "surname": """
        王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅
        沈 曾 彭 吕 欧阳 司马""",
    "given": """
        伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 霞 平 刚 桂英 子涵 雨桐 浩然 欣怡 梓轩 思远 佳琪
        一诺 宇航 晓东 建国 志强 雪梅""",
    "first": """
        James Mary John Anna Robert Linda Michael Susan William Karen David Lisa Richard Nancy Thomas Emma Charles
        Olivia Daniel Sophia Matthew Isabella Andrew Alice Ian Iris Ivan Illia Lily Bill Allison Albert Al Alan
        Ella Will Ingrid Isaac José André Chloé Noah Liam""",
    "last": """
        Smith Johnson Williams Brown Jones Miller Davis Wilson Taylor Clark Lewis Young Allen King Wright Hill
        Scott Green Baker Nelson Carter Mitchell Roberts Turner Phillips Campbell Parker Evans Collins Stewart
        Müller García O'Brien McDonald Ibrahim Li Ali Ito""",
    "foreign_zh": """
        列夫 托尔斯泰 亨利 福特 威廉 莎士比亚 查尔斯 狄更斯 阿尔伯特 爱因斯坦 玛丽 居里 约翰 史密斯 史蒂夫 乔布斯
        比尔 盖茨 埃隆 马斯克 卡尔 马克思 弗拉基米尔 列宁 巴勃罗 毕加索 迈克尔 乔丹 莱昂纳多 达芬奇 安妮 海瑟薇
        汤姆 汉克斯 克里斯蒂亚诺 罗纳尔多 加夫列尔 马尔克斯""",
    "province": """
        河北省 山西省 辽宁省 吉林省 江苏省 浙江省 安徽省 福建省 江西省 山东省 河南省 湖北省 湖南省 广东省 海南省
        四川省 贵州省 云南省 陕西省 甘肃省""",
    "city": """
        北京 上海 天津 重庆 广州 深圳 杭州 南京 苏州 武汉 成都 西安 合肥 郑州 长沙 济南 青岛 沈阳 大连 哈尔滨 长春
        石家庄 太原 南昌 福州 厦门 昆明 贵阳 南宁 海口 兰州 西宁 银川 乌鲁木齐 拉萨 呼和浩特 宁波 无锡 佛山 东莞
        珠海 温州 泉州 烟台 徐州 洛阳 桂林 三亚""",
    "district": """
        海淀区 朝阳区 西城区 浦东新区 徐汇区 静安区 天河区 越秀区 南山区 福田区 西湖区 余杭区 武侯区 高新区 雁塔区
        江宁区 鼓楼区 洪山区 历下区""",
    "road": """
        人民 中山 解放 建设 和平 新华 文化 长江 黄河 科技 学院 中关村 知春 南京西 淮海中 天府大道中段 五一 滨江
        迎宾 工业 朝阳北 环城东 振兴""",
    "village": """
        阳光花园 万科城 碧桂园 翠苑小区 锦绣家园 金地国际 绿城百合 天通苑 软件园 创业大厦 世贸中心 国际会展中心
        科技园B座 财富广场""",
    "street_en": """
        Main Oak Maple Park Cedar Elm Washington Lake Hill Church King Queen High Victoria Station Mill River
        Market Broad Spring""",
    "street_kind": "Street St. St Avenue Ave. Road Rd. Lane Drive Dr. Blvd. Square Court Way Place Terrace Highway",
    "city_en": """
        London Paris Berlin Madrid Rome Vienna Zürich Geneva Dublin Lisbon Boston Chicago Seattle Dallas Houston
        Phoenix Denver Miami Atlanta Springfield Toronto Sydney Melbourne Auckland Singapore Tokyo Osaka Beijing
        Shanghai Illinois Indiana Iowa Idaho Lille""",
    "state": "CA NY TX WA IL MA FL OH MI PA GA AZ CO NJ VA NC OR MN IA IN",
    "country": """
        USA UK China Germany France Japan Canada Australia India Italy Spain Brazil Malaysia Netherlands
        Switzerland Ireland""",
    # Interfaces
    "menu": """
        文件 编辑 查看 插入 格式 工具 窗口 帮助 视图 选择 转到 运行 终端 图像 图层 滤镜 表格 数据 审阅 引用 布局
        开始 设计 收藏 历史记录 书签""",
    "action": """
        打开 保存 另存为 打印 导出 导入 复制 粘贴 剪切 删除 撤销 重做 查找 替换 全选 刷新 新建 关闭 退出 登录 注册
        提交 取消 确定 应用 重置 搜索 上传 下载 分享 收藏 编辑 添加 移除 启用 禁用 启动 停止 重启 更新 安装 卸载
        同步 备份 恢复 锁定 解锁 返回 下一步 上一步 完成 跳过 更多""",
    "setting": """
        通知 声音 显示与亮度 壁纸 蓝牙 无线局域网 个人热点 飞行模式 电池 存储空间 隐私与安全 通用 语言与地区
        日期与时间 键盘 辅助功能 软件更新 账号管理 深色模式 字体大小 自动播放 消息免打扰 清除缓存 关于我们 用户协议
        意见反馈 检查更新 密码与安全 支付设置 收货地址 开发者选项""",
    "state_zh": """
        已开启 已关闭 已连接 未连接 开 关 自动 跟随系统 简体中文 默认 未设置 已登录 已完成 进行中 待付款 待发货
        已发货 已签收 已取消 已过期 失败""",
    "badge": """
        New NEW HOT Beta BETA Pro PRO VIP SVIP Free Lite Plus 推荐 热门 限时 官方 自营 包邮 新品 必填 可选 已认证
        置顶 精华 原创 直播""",
    "menu_en": """
        File Edit View Insert Format Tools Window Help Select Run Terminal Image Layer Filter Table Data Review
        Layout Home Design""",
    "action_en": """
        Open Save Save_As… Print Export Import Copy Paste Cut Delete Undo Redo Find Replace Refresh New Close Quit
        Submit Cancel OK Apply Reset Search Upload Download Share Edit Add Remove Enable Disable Start Stop Restart
        Update Install Back Next Done Skip More Settings""",
    "setting_en": """
        Notifications Sound Display Wallpaper Bluetooth Wi-Fi Hotspot Battery Storage Privacy Security General
        Language Keyboard Accessibility Updates Account Billing Appearance Shortcuts Profile Integrations
        Permissions Webhooks Members Advanced About""",
    "key": """
        A B C D E F G H I J K L M N O P Q R S T U V W X Y Z F1 F2 F5 F11 F12 Enter Tab Esc Del Space Home End PgUp
        PgDn Left Right Up""",
    "modifier": "Ctrl Alt Shift Cmd Win Option Ctrl+Shift Ctrl+Alt Command Super Fn",
    # Techniques of today
    "tech": """
        AI API UI GPU CPU K8s SDK URL JSON YAML HTTP HTTPS LLM RAG MCP OCR NLP AIGC SaaS IoT 5G SQL NoSQL CSS HTML
        XML CSV PDF USB HDMI SSD RAM NVMe VPN DNS SSH TLS CDN CI/CD OAuth JWT UUID WebSocket gRPC REST GraphQL
        Docker Kubernetes Linux Ubuntu Windows macOS iOS Android Python Java JavaScript TypeScript Node.js Vue
        React Go Rust C++ C# PHP Redis MySQL PostgreSQL MongoDB Kafka Nginx Git GitHub GitLab VS_Code ChatGPT GPT-4
        Claude Gemini DeepSeek Qwen Llama Whisper PyTorch TensorFlow CUDA ONNX Transformer Agent Prompt Token
        Embedding Excel Word PPT Wi-Fi NFC AR VR XR UX PM KPI OKR ROI B2B O2O VIP APP Web H5 I/O ID IP AWS""",
    "capitals": """
        AI AI AI AI AI AIGC AGI API API BI CI CLI CIO DIY FBI GUI HDMI HIV IC ICU ID ID IDC IDE IEEE II III IO
        IP IP IPO IPTV ISBN ISO IT IT IVF JIT KPI LCI MIDI MIS MIT MRI NIH PII PMI POI PPI QFII RFID RISC RMI ROI
        SCI SIM SKI SPI TI TRI UI UI UI/UX UNICEF VI VII VIII VIP VIP VR WIFI XII ALL API/UI HTML URL SQL LTE""",
    "topic_zh": """
        人工智能 大模型 知识库 工作流 智能体 数据库 服务器 操作系统 浏览器 应用程序 接口文档 配置文件 环境变量 日志
        缓存 队列 线程 权限 用户 订单 支付 库存 报表 图片 视频 音频 文件 文档 模型 训练 推理 部署 测试 监控 性能
        安全 网络 存储 容器 集群 版本 插件 组件 页面 表单""",
    "does_zh": "支持 使用 配置 调用 部署 优化 兼容 集成 安装 启用 修复 新增 实现 管理 查看 导出 更新 对接 测试 升级",
    "noun": """
        user name list index value count item data path file line text image config model result error message
        token key id size width height offset length buffer cache queue node tree graph table row column field type
        state event handler client server request response session parser loader writer reader input output options
        params args kwargs url host port timeout retry level total""",
    "verb": """
        get set add remove update create delete load save read write parse send fetch open close start stop init
        build run test check find""",
    "package": """
        numpy pandas requests flask django fastapi torch transformers opencv-python pillow scikit-learn matplotlib
        react vue axios lodash express vite webpack typescript eslint nginx redis mysql curl ffmpeg git docker
        kubectl node npm pip uv cargo go java""",
    "extension": """
        py js ts json yaml yml toml md txt csv xlsx docx pptx pdf png jpg jpeg gif svg zip tar.gz exe dll so html
        css vue go rs cpp h sh log sql""",
    "folder": """
        src lib bin docs tests data config public assets images models scripts utils components static dist build
        tmp home Users Documents Desktop Downloads""",
    "tld": "com cn com.cn org net io ai dev app edu.cn gov.cn co.uk de me xyz",
    "site": """
        github google baidu taobao jd qq weixin zhihu bilibili douyin alipay aliyun tencent huawei apple microsoft
        amazon wikipedia stackoverflow openai example mycompany test shop mail news blog docs api static cdn img""",
    "scientific": "α-淀粉酶 β-胡萝卜素 pH β-catenin α-syn TGF-β IFN-α α粒子 β射线 β受体 3α β-1",
    # Sentences
    "after_i": """
        agree think_so know do_not_know also_think_so always_do already_know am_here am_late asked_him ate_it
        believe_so can_see will_call_you have_seen_it want_to_go_home was_there_in_1999 would_like_to_order
        understand am_in_a_hurry always_forget ordered_it_online usually_pay_in_cash actually_like_it just_arrived
        still_love_it installed_it_yesterday only_have_one""",
    "thing": """
        time way city end letter money rain truth story winter question answer market river night house game plan
        music sea""",
    "accented": """
        café résumé fiancé Pokémon déjà à_la_carte Beyoncé Müller Zürich München über née cliché voilà Führer purée""",
    "exclamation": """
        好的 收到 谢谢 辛苦了 没问题 在吗 晚安 早上好 生日快乐 恭喜发财 哈哈哈哈 嗯嗯 不客气 明白了 马上到 稍等
        可以的 加油 太好了 真的吗""",
    "chat_en": """
        ok thanks lol haha see_you sounds_good no_problem on_my_way good_night happy_birthday sure why_not call_me
        brb wow really""",
    "plan": """
        天气不错 一起吃饭 明天开会 几点下班 在路上了 到家了吗 文件发你了 帮我看一下 周末去爬山 晚上看电影
        地址发一下 记得打卡 会议改到下午""",
    "adjective": """
        not_bad very_good too_late quite_expensive really_nice almost_ready out_of_stock on_sale as_expected
        a_bit_slow""",
    "sign_zh": """
        出口 入口 小心地滑 禁止吸烟 请勿触摸 安全出口 消防通道 男 女 洗手间 停车场 收银台 服务台 电梯 营业中
        欢迎光临 暂停服务 限速 前方施工 请走人行道 闲人免进 有电危险 请排队 高压危险 当心触电 禁止停车 儿童 老人
        军人优先 推 拉""",
    "sign_en": """
        EXIT ENTRANCE NO_SMOKING PUSH PULL OPEN CLOSED SALE STOP CAUTION WARNING DANGER PRIVATE RESERVED TOILET
        PARKING ONE_WAY""",
    "book": """
        红楼梦 三国演义 水浒传 西游记 战争与和平 平凡的世界 围城 活着 三体 论语 物权法 仲裁法 民法典 劳动合同法
        用户协议 隐私政策 新华字典""",
    "label": """
        姓名 性别 年龄 电话 手机 邮箱 地址 邮编 日期 单位 部门 职务 学号 班级 身份证号 银行卡号 开户行 税号 备注
        数量 单价 金额 型号 规格 品牌 产地 保质期 净含量 配料 厂商 生产日期 批号 订单号 收货人 发货人 经办人 审核
        签字 盖章 编号 类型 状态 名称 校验码 发票代码 发票号码 税率""",
    "label_en": """
        Name Address Phone Email Date Time Order Invoice Total Subtotal Tax Qty Price Amount Balance Cash Change
        Card Signature Title Department Company Account Model Serial Weight Size Color Status Type Version Author
        Subject From To Due Page Ref ID Notes""",
    "city_pair": """
        北京 上海 广州 成都 武汉 西安 伦敦 纽约 东京 柏林 莫斯科 London Paris New_York Berlin Dover Calais Oxford
        Dakar""",
}

WORDS = {name: tuple(word.replace("_", " ") for word in words.split()) for name, words in LISTS.items()}

# Lists that stand in columns, and what stands between their words
COLUMNS = ("city", "label", "item_zh", "setting", "label_en", "item_en", "first", "brand", "tech", "menu", "book")
BETWEEN = (" ", " ", " ", " ", " / ", "/", "、", " · ", "·", " | ", "|", ", ")

# Forms of fields: numbers are filled in in the order that the functions give them
BOUGHT = (
    "{0} × {1:.2f} = {2:.2f}", "{0}x{1:.2f} {2:.2f}", "x{0} {1:.2f} {2:.2f}", "{1:.2f} ×{0} {2:.2f}",
    "{0} @ {1:.2f} {2:.2f}", "{1:.2f} {0} {2:.2f}", "{1:.2f}*{0}", "×{0} ¥{2:.2f}", "{0} X {1:.2f}",
)  # fmt: skip
DATES = (
    "{0}-{1:02}-{2:02}", "{0}-{1:02}-{2:02}", "{0}/{1}/{2}", "{0}/{1:02}/{2:02}", "{0}.{1:02}.{2:02}", "{0}.{1}.{2}",
    "{0}年{1}月{2}日", "{0}年{1:02}月{2:02}日", "{0} 年 {1} 月 {2} 日", "{0}年 {1:02}月 {2:02}日", "{1}月{2}日",
    "{2:02}/{1:02}/{0}", "{1:02}/{2:02}/{3}", "{2}.{1}.{0}", "{4} {2}, {0}", "{2} {4} {0}", "{4}. {2}, {0}",
    "{2:02}-{4}-{0}", "{1}/{2}", "{1:02}-{2:02}", "{0}{1:02}{2:02}", "{0}年{1}月", "{0}/{1:02}",
)  # fmt: skip
CLOCKS = (
    "{0:02}:{1:02}", "{0:02}:{1:02}", "{0:02}:{1:02}:{2:02}", "{0}:{1:02}", "{3}:{1:02} {4}", "{3}:{1:02}{5}",
    "{0}点{1:02}分", "{6} {3}:{1:02}", "{0:02}：{1:02}", "{0:02}:{1:02}:{2:02}.{7:03}",
)  # fmt: skip
# ``#`` is a digit, ``@`` a capital, ``?`` either of them
PHONES = (
    "1##########", "1## #### ####", "1##-####-####", "+86 1##########", "+86-10-####-####", "0##-########",
    "(0##)####-####", "(0##) ####-####", "400-###-####", "+1 (###) ###-####", "###-###-####", "1##****####",
    "+44 20 #### ####", "0####-#######", "95###", "(###) ###-####",
)  # fmt: skip
PLATES = ("@·?####", "@·#?###", "@·#####", "@·D#####", "@#####", "@ #####", "@D?????", "@·##??#")
SERIALS = (
    "############", "##########", "@@########", "@@-####", "@@@-###-##", "@###-####", "@@@@######@", "####-######",
    "#####-##-####", "????-????-????", "?????-?????-?????", "################", "@##@##", "####@", "@@####@@",
    "SN######@#", "No.########", "#### #### #### ####", "##### ##### ##### #####", "##-###-###", "@@@#", "@#", "@@@@",
    "??????????", "##########-@",
)  # fmt: skip
