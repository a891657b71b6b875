"""docs.py DIR - three documents of a kind known from JSON benchmarks, the same every time: canada.json
(coordinates), citm.json (a catalogue: maps of small numbers), twitter.json (text of many scripts), each
with links, as canonical dag-json."""
import json
import random
import sys

R = random.Random(1)
LINK = ["bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"]


def link():
    return {"/": R.choice(LINK)}


def canada():
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "source": link(), "properties": {"name": "Canada %d" % i}, "geometry": {
            "type": "Polygon", "coordinates": [
                [[-round(R.uniform(52, 141), 6) - 1e-6, round(R.uniform(41, 83), 6) + 1e-6] for _ in range(110)]
                for _ in range(90)]}} for i in range(8)]}


def citm():
    ids = [R.randrange(10**8, 10**9) for _ in range(4000)]
    return {"areaNames": {str(i): "Area %d" % i for i in ids[:200]},
            "events": {str(i): {"description": None, "id": i, "logo": "/images/UE0AAAAACEKo6QAAAAZDSVRN",
                                "name": "30th Anniversary Tour", "subTopicIds": ids[3:6], "topicIds": ids[7:10],
                                "poster": link()} for i in ids[:1500]},
            "performances": [{"eventId": R.choice(ids), "id": R.choice(ids), "prices": [
                {"amount": R.randrange(10**6), "audienceSubCategoryId": R.choice(ids),
                 "seatCategoryId": R.choice(ids)} for _ in range(4)],
                "seatCategories": [{"areas": [{"areaId": R.choice(ids), "blockIds": []} for _ in range(9)],
                                    "seatCategoryId": R.choice(ids)} for _ in range(4)],
                "start": 1372701600000, "venueCode": "PLEYEL_PLEYEL"} for _ in range(900)]}


def twitter():
    words = ["名前", "アイコン", "the", "quick", "смысл", "é", "RT", "@user", "https://t.co/abc", "😀", "\"quoted\"", "a/b", "line\nbreak"]

    def user(i):
        return {"id": R.randrange(2**60), "name": "user %d" % i, "screen_name": "user_%d" % i, "location": "",
                "description": " ".join(R.choices(words, k=20)), "followers_count": R.randrange(10**5),
                "verified": False, "avatar": link(), "profile_background_color": "C0DEED", "time_zone": None}
    return {"statuses": [{"created_at": "Sun Aug 31 00:29:15 +0000 2014", "id": R.randrange(2**60),
                          "text": " ".join(R.choices(words, k=18)), "truncated": False, "user": user(i),
                          "in_reply_to": None, "retweet_count": R.randrange(1000), "favorited": False, "lang": "ja",
                          "entities": {"hashtags": [], "urls": [], "media": [link()]}} for i in range(900)]}


for name, doc in (("canada", canada()), ("citm", citm()), ("twitter", twitter())):
    with open("%s/%s.json" % (sys.argv[1], name), "w", encoding="utf-8") as f:
        json.dump(doc, f, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
