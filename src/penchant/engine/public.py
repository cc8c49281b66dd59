"""One function a model, with the arguments of its config: ``penchant.EASE(l2=100.0)``."""

from penchant import models

from .estimator import factory

ALS = factory(models.Als, models.AlsConfig)
BPR = factory(models.Bpr, models.BprConfig)
ClickModel = factory(models.ClickModel, models.ClickConfig)
EASE = factory(models.Ease, models.EaseConfig)
ItemKNN = factory(models.ItemKnn, models.ItemKnnConfig)
PairRanker = factory(models.PairRanker, models.PairRankerConfig)
Popularity = factory(models.Popularity, models.PopularityConfig)
PromptRanker = factory(models.PromptRanker, models.PromptRankerConfig)
Random = factory(models.Random, models.RandomConfig)
RatingModel = factory(models.RatingModel, models.RatingConfig)
RecentPopularity = factory(models.RecentPopularity, models.RecentPopularityConfig)
SASRec = factory(models.SASRec, models.SASRecConfig)
STAR = factory(models.Star, models.StarConfig)
TextMean = factory(models.TextMean, models.TextMeanConfig)
TextSequence = factory(models.TextSequence, models.TextSequenceConfig)
TwoTower = factory(models.TwoTower, models.TwoTowerConfig)
