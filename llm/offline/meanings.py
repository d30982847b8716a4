"""What a parameter stands for, told by its name, its description and its schema: a city, a price, a page size, …"""

import re
from typing import Any

_BY_FORMAT = {
    "date": "date", "date-time": "datetime", "datetime": "datetime", "time": "time", "email": "email",
    "idn-email": "email", "uri": "url", "url": "url", "uri-reference": "url", "iri": "url", "uuid": "uuid",
    "hostname": "domain", "ipv4": "ip", "ipv6": "ipv6", "phone": "phone", "duration": "iso_duration", "byte": "base64",
    "binary": "filename", "password": "password", "regex": "word", "json-pointer": "pointer",
}  # fmt: skip

_STRINGS = [
    ("email", r"\be?mails?\b|\bemail address"),
    ("phone", r"\bphone|\bmobile|\btel\b|\bmsisdn|\bfax\b|phone number"),
    ("language_code", r"\blanguage code|\blocale\b"),
    ("currency", r"\bcurrenc"),
    ("country_code", r"\bcountry (?:code|iso)|\biso country|\bcc$"),
    ("country", r"\bcountr(?:y|ies)\b|\bnationality"),
    ("airport", r"\bairport|\biata\b|\bicao\b"),
    ("image_url", r"\b(?:image|photo|picture|avatar|logo|icon|thumbnail|poster) (?:url|uri|link)"),
    ("url", r"\burls?\b|\buri\b|\bwebhook\b|\bwebsite\b|\bhref\b|\blink\b|\bcallback\b|\bendpoint\b"),
    ("domain", r"\bdomains?\b|\bhost ?name\b|\bhost\b|\bfqdn\b"),
    ("ip", r"\bip\b|\bip address"),
    ("uuid", r"\buuid\b|\bguid\b"),
    ("postcode", r"\bzip\b|\bpost(?:al)? ?code\b|\bpostcode\b"),
    ("time_zone", r"\btime ?zone\b"),
    ("password", r"\bpassword\b|\bsecret\b|\bpasscode\b"),
    ("token", r"\btoken\b|\bapi key\b|\baccess key\b|\bcursor\b|\bsignature\b|\bhash\b|\bchecksum\b|\bauthorization\b"),
    ("filename", r"\bfile ?names?\b|\bfile$|\battachment\b|\bimage$|\bphoto$|\bpicture$|\bicon$|\bavatar$"),
    ("path", r"\bpath\b|\bdirectory\b|\bfolder\b"),
    ("username", r"\buser ?name\b|\blogin\b|\bnick ?name\b|\bscreen name\b|\bhandle\b"),
    ("id", r"\bids?$|\bidentifiers?$|\bnumber$|\bnumbers$|\breference$|\bcode$|\bcodes$|\bsid$|\bkeys?$|\bserial\b|\bno$|\bisbn\b|\bsku\b"),
    ("datetime", r"\bdate ?time\b|\btimestamp\b|\b(?:created|updated|modified|deleted|starts?|ends?|expires?|remind|scheduled|sent) at\b"),
    ("month", r"\bmonths?$"),
    ("year", r"\byears?$|\bseason$"),
    ("weekday", r"\bweek ?day\b|\bday of (?:the )?week"),
    ("date", r"\bdates?\b|\bday$|\bbirth ?day|\bdob\b|\bdeadline\b|\bsince\b|\buntil\b|\bfrom date|\bdeparture$|\bcheck ?in$|\bcheck ?out$"),
    ("time", r"\btimes?$|\btime of day|\bhour$"),
    ("duration_text", r"\bduration\b|\binterval\b|\bperiod\b|\bttl\b"),
    ("first_name", r"\bfirst ?name\b|\bgiven ?name\b"),
    ("last_name", r"\blast ?name\b|\bsur ?name\b|\bfamily ?name\b"),
    ("company", r"\bcompany\b|\bbrand\b|\bvendor\b|\bsupplier\b|\bmerchant\b|\bbusiness\b|\bmanufacturer\b|\bpublisher\b|\bemployer\b|\borgani[sz]ation\b|\bcarrier\b"),
    ("hotel", r"\bhotel\b"),
    ("restaurant", r"\brestaurant\b"),
    ("venue", r"\bvenue\b|\broom\b|\bbuilding\b|\bcinema\b|\btheat(?:er|re)\b|\bmuseum\b"),
    ("street", r"\bstreet\b|\baddress\b|\bpick ?up\b|\bdrop ?off\b"),
    ("region", r"\bregion\b|\bprovince\b|\bstate$|\bcounty\b|\bprefecture\b|\bdistrict\b"),
    ("city", r"\bcit(?:y|ies)\b|\btown\b|\bdestination\b|\borigin\b|\bstation\b|\bplace\b|\blocation\b|\bwhere\b|\bstarting point\b|\bfrom city|\bto city"),
    ("coordinates", r"\blat ?l(?:ng|on)\b|\bcoordinates\b|\bgeo\b"),
    ("language", r"\blanguages?\b"),
    ("colour", r"\bcolou?rs?\b"),
    ("song", r"\bsong\b|\btrack\b"),
    ("artist", r"\bartist\b|\bband\b|\bsinger\b|\bperformer\b"),
    ("album", r"\balbum\b|\bplaylist\b"),
    ("movie", r"\bmovie\b|\bfilm\b|\bshow\b|\bseries\b"),
    ("book", r"\bbook\b"),
    ("author", r"\bauthor\b"),
    ("game", r"\bgame\b"),
    ("cuisine", r"\bcuisine\b"),
    ("ingredient", r"\bingredients?\b|\bfood\b"),
    ("recipe", r"\brecipe\b|\bdish\b|\bmeal\b"),
    ("job", r"\bjob\b|\brole\b|\bposition\b|\boccupation\b"),
    ("department", r"\bdepartment\b|\bteam\b|\bgroup\b"),
    ("team", r"\bclub\b|\bopponent\b"),
    ("ticker", r"\bticker\b|\bsymbol\b|\bstock\b"),
    ("version", r"\bversion\b"),
    ("mime", r"\bmime\b|\bcontent type\b|\bmedia type\b"),
    ("plate", r"\bplate\b"),
    ("product", r"\bproducts?\b|\bgoods\b|\barticle\b|\bmerchandise\b"),
    ("person", r"\b(?:full|contact|guest|customer|passenger|driver|owner|patient|student|teacher|employee|recipient|sender|partner|display|your|user|player|member|attendee|assignee|cardholder|receiver|holder|artist|doctor|trainer|company contact) ?name\b|\bname of (?:the )?(?:guest|customer|person|passenger|patient|recipient|owner|employee)|\b(?:assignee|attendees?|guests?|owner|recipient|customer|passenger|employee|member|driver|doctor|host|patient)\b"),
    ("title", r"\btitle\b|\bsubject\b|\bheadline\b|\bheading\b|\bcaption\b|\btopic\b"),
    ("reason", r"\breason\b|\bcause\b"),
    ("note", r"\bnotes?\b|\bmemo\b|\bremarks?\b|\bcomments?\b|\binstructions?\b"),
    ("message", r"\bmessage\b|\btext\b|\bbody\b|\bcontent\b|\bdescription\b|\bsummary\b|\bquestion\b|\bprompt\b|\bsample\b|\bsentence\b|\banswer\b|\bbio\b|\breview\b|\bdetails\b|\bproblem\b|\bsymptom|\bintroduction\b"),
    ("query", r"\bquery\b|\bkeywords?\b|\bsearch\b|\bterm\b|\bphrase\b"),
    ("tag", r"\btags?\b|\blabels?\b|\bhashtag\b|\bcategor(?:y|ies)\b|\bgenres?\b"),
    ("sort_field", r"\bsort\b|\border by\b|\bordering\b|\bsort by\b|\border$"),
    ("field_name", r"\bfields?\b|\bcolumns?\b|\battributes?\b|\bproperty\b"),
    ("status", r"\bstatus\b"),
    ("unit", r"\bunits?\b"),
    ("name", r"\bname\b|\bslug\b"),
]  # fmt: skip
_NUMBERS = [
    ("latitude", r"\blatitude\b"),
    ("longitude", r"\blongitude\b"),
    ("year", r"\byear\b|\bseason\b"),
    ("month", r"\bmonth$"),
    ("timestamp", r"\btimestamp\b|\bepoch\b|\bunix\b|\b(?:created|updated|post|starts?|ends?) (?:at|time|ts)\b|\bdates?\b"),
    ("small", r"\bpage$|\bpage number\b|\bpg\b|\bguests?\b|\bpeople\b|\bpersons\b|\badults\b|\bpassengers\b|\bquantity\b|\brooms\b|\bnights\b|\bdays\b|\bhours?\b|\bcopies\b|\bseats\b|\btickets\b|\blevel\b|\bpriority\b|\bbedrooms\b|\bbathrooms\b|\bindex\b|\bposition\b|\bchildren\b|\bversion\b|\bweeks?\b|\bmonths\b|\bservings\b|\bday\b|\brank\b|\brating\b|\bstars\b|\bstep\b|\bparty size\b"),
    ("limit", r"\blimit\b|\bper page\b|\bpage size\b|\bcount\b|\bsize\b|\bmax(?:imum)? (?:results|items|number)\b|\bresults\b|\btop\b|\bnumber of\b|\bcapacity\b"),
    ("offset", r"\boffset\b|\bskip\b|\bstart\b"),
    ("id", r"\bids?$|\bidentifier\b|\bnumber$|\bno$|\bcode$"),
    ("amount", r"\bprice\b|\bamount\b|\bcost\b|\btotal\b|\bbudget\b|\bfee\b|\bsalary\b|\bpayment\b|\bbalance\b|\bdeposit\b|\bvalue\b|\bbid\b"),
    ("rate", r"\brate\b|\bratio\b|\bthreshold\b|\bscore\b|\bprobability\b|\bweight$|\bfactor\b|\btax\b"),
    ("percent", r"\bpercent|\bbrightness\b|\bvolume\b|\bhumidity\b|\bshare\b|\bdiscount\b"),
    ("temperature", r"\btemperature\b|\bdegrees\b"),
    ("age", r"\bage\b"),
    ("minutes", r"\bminutes?\b|\bduration\b|\bseconds?\b|\btimeout\b|\bttl\b|\binterval\b"),
    ("distance", r"\bradius\b|\bdistance\b|\bkm\b|\bmeters?\b|\bmiles\b|\bwidth\b|\bheight\b|\blength\b"),
    ("weight", r"\bweight\b|\bkg\b|\bmass\b"),
]  # fmt: skip
_CHINESE = [
    ("email", r"邮箱|邮件地址"), ("phone", r"电话|手机|联系方式"), ("url", r"链接|网址|回调地址|URL"), ("postcode", r"邮编"),
    ("id", r"(?:编号|单号|ID|Id|id|标识|号码|代码|编码|账号|工号|户号|证号|卡号|token|Token)$"),
    ("datetime", r"日期时间|时刻"), ("date", r"日期|哪天|哪一天|生日|年月日"), ("time", r"时间|几点"), ("month", r"月份|年月"), ("year", r"年份"),
    ("person", r"姓名|联系人|收件人|乘客|乘车人|业主|租客|住户|旅客|员工|负责人|收货人|寄件人|处理人|创建人"),
    ("street", r"地址|上车|下车|住址"), ("station", r"车站|站名|出发站|到达站|出发地|目的地|始发|终到"), ("city", r"城市|地点|地区|区域|位置"),
    ("country", r"国家"), ("language", r"语言|语种"), ("currency", r"币种|货币"), ("product", r"商品|产品|水果|货物|物品|品名"),
    ("company", r"公司|企业|商家|品牌|供应商"), ("department", r"部门|团队|小组"), ("venue", r"会议室|房间|门店|楼|小区|场馆|商铺"),
    ("train", r"车次"), ("house", r"房号|门牌|户"), ("query", r"关键词|关键字|搜索|检索|查询内容"), ("title", r"标题|主题|题目"), ("reason", r"原因|理由"),
    ("note", r"备注|留言|说明|要求|注释"), ("message", r"内容|正文|消息|描述|文本|问题|简介|故障|诉求"), ("tag", r"标签|分类|类别"), ("filename", r"文件名|附件"),
    ("path", r"路径|目录"), ("colour", r"颜色"), ("name", r"名称|名字|名"),
]  # fmt: skip
_COMPILED = {
    "string": [(meaning, re.compile(pattern)) for meaning, pattern in _STRINGS],
    "number": [(meaning, re.compile(pattern)) for meaning, pattern in _NUMBERS],
    "chinese": [(meaning, re.compile(pattern)) for meaning, pattern in _CHINESE],
}
_HEAD_END = re.compile(r"[.,;:(]| (?:to|for|that|in|which|of the|of an?|such|used|on|by|when|as|whether)\b")


def find_meaning(label: str, description: str, schema: dict[str, Any], kind: str) -> str:
    """Name of the pool that values of this parameter come from.

    Args:
        label: the parameter's name as spoken, such as "page size".
        description: what the document says of it.
        kind: string, integer or number.
    """
    if kind == "string":
        by_format = _BY_FORMAT.get(str(schema.get("format", "")))
        if by_format:
            return by_format
        hint = f"{label} {description}".lower()
        if "yyyy-mm-dd" in hint and "hh" not in hint:
            return "date"
        if "hh:mm" in hint:
            return "time" if "yyyy" not in hint and "t" not in hint.split("hh:mm")[0][-1:] else "datetime"
    label = label.lower()
    if kind == "string":
        for meaning, pattern in _COMPILED["chinese"]:
            if pattern.search(description[:12]):
                return meaning
    table = _COMPILED["string" if kind == "string" else "number"]
    for meaning, pattern in table:
        if pattern.search(label):
            return meaning
    clause = _HEAD_END.split(description[:60].lower())[0]
    return next(
        (meaning for meaning, pattern in table if pattern.search(clause)), "word" if kind == "string" else "count"
    )
