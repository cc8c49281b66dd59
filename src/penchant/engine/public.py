"""One function a model, with the arguments of its config: ``penchant.EASE(l2=100.0)``."""

from penchant import models

from .estimator import factory

ALS = factory(models.Als, models.AlsConfig)
BPR = factory(models.Bpr, models.BprConfig)
EASE = factory(models.Ease, models.EaseConfig)
ItemKNN = factory(models.ItemKnn, models.ItemKnnConfig)
Popularity = factory(models.Popularity, models.PopularityConfig)
Random = factory(models.Random, models.RandomConfig)
RecentPopularity = factory(models.RecentPopularity, models.RecentPopularityConfig)
SASRec = factory(models.SASRec, models.SASRecConfig)
STAR = factory(models.Star, models.StarConfig)
TextMean = factory(models.TextMean, models.TextMeanConfig)
TextSequence = factory(models.TextSequence, models.TextSequenceConfig)
