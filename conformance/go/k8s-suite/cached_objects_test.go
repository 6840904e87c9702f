package suite

import (
	"context"
	"testing"

	"k8s.io/apiserver/pkg/features"
	"k8s.io/apiserver/pkg/storage/etcd3"
	storagetesting "k8s.io/apiserver/pkg/storage/testing"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
)

var cachedObjects = []check{
	behind("Create", func(t *testing.T, c *cached) { storagetesting.RunTestCreate(t.Context(), t, c, unchecked) }),
	behind("CreateWithTTL", func(t *testing.T, c *cached) { storagetesting.RunTestCreateWithTTL(t.Context(), t, c) }),
	behind("CreateWithKeyExist", func(t *testing.T, c *cached) { storagetesting.RunTestCreateWithKeyExist(t.Context(), t, c) }),
	behind("Get", func(t *testing.T, c *cached) { storagetesting.RunTestGet(context.Background(), t, c) }),
	behind("UnconditionalDelete", func(t *testing.T, c *cached) { storagetesting.RunTestUnconditionalDelete(t.Context(), t, c) }),
	behind("ConditionalDelete", func(t *testing.T, c *cached) { storagetesting.RunTestConditionalDelete(t.Context(), t, c) }),
	behind("DeleteWithSuggestion", func(t *testing.T, c *cached) { storagetesting.RunTestDeleteWithSuggestion(t.Context(), t, c) }),
	behind("DeleteWithSuggestionAndConflict", func(t *testing.T, c *cached) {
		storagetesting.RunTestDeleteWithSuggestionAndConflict(t.Context(), t, c)
	}),
	behind("DeleteWithSuggestionOfDeletedObject", func(t *testing.T, c *cached) {
		storagetesting.RunTestDeleteWithSuggestionOfDeletedObject(t.Context(), t, c)
	}),
	behind("DeleteWithConflict", func(t *testing.T, c *cached) { storagetesting.RunTestDeleteWithConflict(t.Context(), t, c) }),
	behind("ValidateDeletionWithSuggestion", func(t *testing.T, c *cached) {
		storagetesting.RunTestValidateDeletionWithSuggestion(t.Context(), t, c)
	}),
	behind("ValidateDeletionWithOnlySuggestionValid", func(t *testing.T, c *cached) {
		storagetesting.RunTestValidateDeletionWithOnlySuggestionValid(t.Context(), t, c)
	}),
	behind("PreconditionalDeleteWithSuggestion", func(t *testing.T, c *cached) {
		storagetesting.RunTestPreconditionalDeleteWithSuggestion(t.Context(), t, c)
	}),
	behind("PreconditionalDeleteWithOnlySuggestionPass", func(t *testing.T, c *cached) {
		storagetesting.RunTestPreconditionalDeleteWithOnlySuggestionPass(t.Context(), t, c)
	}),
	{"DeleteConflictMissingExpectedError", func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		tr := &failingTransformer{Transformer: identity.NewEncryptCheckTransformer()}
		c := newCached(t, withTransformer(tr))
		storagetesting.RunTestDeleteWithConflictAndMissingExpectedTransformOrDecodeError(t.Context(), t, c, tr.set)
	}},
	{"DeleteExpectedTransformError", func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		tr := &failingTransformer{Transformer: identity.NewEncryptCheckTransformer()}
		c := newCached(t, withTransformer(tr))
		storagetesting.RunTestDeleteExpectedTransformOrDecodeError(t.Context(), t, c, tr.set)
	}},
	{"DeleteExpectedDecodeError", func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		etcd3.TestOnlySetFatalOnDecodeError(t, false)
		codec := &failingCodec{Codec: jsonCodec}
		c := newCached(t, withCodec(codec))
		storagetesting.RunTestDeleteExpectedTransformOrDecodeError(t.Context(), t, c, codec.set)
	}},
	{"DeleteSuggestionMissingExpectedError", func(t *testing.T) {
		gate(t, features.AllowUnsafeMalformedObjectDeletion, true)
		storagetesting.RunTestDeleteWithSuggestionAndMissingExpectedTransformOrDecodeError(t.Context(), t, newCached(t))
	}},

	behind("GuaranteedUpdateWithTTL", func(t *testing.T, c *cached) {
		storagetesting.RunTestGuaranteedUpdateWithTTL(t.Context(), t, c)
	}),
	behind("GuaranteedUpdateWithConflict", func(t *testing.T, c *cached) {
		storagetesting.RunTestGuaranteedUpdateWithConflict(t.Context(), t, c)
	}),
	behind("GuaranteedUpdateWithSuggestionAndConflict", func(t *testing.T, c *cached) {
		storagetesting.RunTestGuaranteedUpdateWithSuggestionAndConflict(t.Context(), t, c)
	}),
}
