package suite

import (
	"testing"

	storagetesting "k8s.io/apiserver/pkg/storage/testing"
)

var storeObjects = []check{
	plain("Create", func(t *testing.T, f *fixture) { storagetesting.RunTestCreate(f.ctx, t, f, f.storedCleanly) }),
	plain("CreateWithTTL", func(t *testing.T, f *fixture) { storagetesting.RunTestCreateWithTTL(f.ctx, t, f) }),
	plain("CreateWithKeyExist", func(t *testing.T, f *fixture) { storagetesting.RunTestCreateWithKeyExist(f.ctx, t, f) }),
	plain("Get", func(t *testing.T, f *fixture) { storagetesting.RunTestGet(f.ctx, t, f) }),
	plain("UnconditionalDelete", func(t *testing.T, f *fixture) { storagetesting.RunTestUnconditionalDelete(f.ctx, t, f) }),
	plain("ConditionalDelete", func(t *testing.T, f *fixture) { storagetesting.RunTestConditionalDelete(f.ctx, t, f) }),
	plain("DeleteWithSuggestion", func(t *testing.T, f *fixture) { storagetesting.RunTestDeleteWithSuggestion(f.ctx, t, f) }),
	plain("DeleteWithSuggestionAndConflict", func(t *testing.T, f *fixture) {
		storagetesting.RunTestDeleteWithSuggestionAndConflict(f.ctx, t, f)
	}),
	plain("DeleteWithSuggestionOfDeletedObject", func(t *testing.T, f *fixture) {
		storagetesting.RunTestDeleteWithSuggestionOfDeletedObject(f.ctx, t, f)
	}),
	plain("DeleteWithConflict", func(t *testing.T, f *fixture) { storagetesting.RunTestDeleteWithConflict(f.ctx, t, f) }),
	plain("ValidateDeletionWithSuggestion", func(t *testing.T, f *fixture) {
		storagetesting.RunTestValidateDeletionWithSuggestion(f.ctx, t, f)
	}),
	plain("ValidateDeletionWithOnlySuggestionValid", func(t *testing.T, f *fixture) {
		storagetesting.RunTestValidateDeletionWithOnlySuggestionValid(f.ctx, t, f)
	}),
	plain("PreconditionalDeleteWithSuggestion", func(t *testing.T, f *fixture) {
		storagetesting.RunTestPreconditionalDeleteWithSuggestion(f.ctx, t, f)
	}),
	plain("PreconditionalDeleteWithOnlySuggestionPass", func(t *testing.T, f *fixture) {
		storagetesting.RunTestPreconditionalDeleteWithOnlySuggestionPass(f.ctx, t, f)
	}),
	unsafeDelete("DeleteConflictMissingExpectedError", true, func(t *testing.T, f *fixture, fail func(bool)) {
		storagetesting.RunTestDeleteWithConflictAndMissingExpectedTransformOrDecodeError(f.ctx, t, f, fail)
	}),
	unsafeDelete("DeleteExpectedTransformError", false, func(t *testing.T, f *fixture, fail func(bool)) {
		storagetesting.RunTestDeleteExpectedTransformOrDecodeError(f.ctx, t, f, fail)
	}),
	unsafeDelete("DeleteExpectedDecodeError", true, func(t *testing.T, f *fixture, fail func(bool)) {
		storagetesting.RunTestDeleteExpectedTransformOrDecodeError(f.ctx, t, f, fail)
	}),
	unsafeDelete("DeleteSuggestionMissingExpectedError", true, func(t *testing.T, f *fixture, _ func(bool)) {
		storagetesting.RunTestDeleteWithSuggestionAndMissingExpectedTransformOrDecodeError(f.ctx, t, f)
	}),

	plain("GuaranteedUpdate", func(t *testing.T, f *fixture) { storagetesting.RunTestGuaranteedUpdate(f.ctx, t, f, f.storedCleanly) }),
	plain("GuaranteedUpdateWithTTL", func(t *testing.T, f *fixture) { storagetesting.RunTestGuaranteedUpdateWithTTL(f.ctx, t, f) }),
	plain("GuaranteedUpdateChecksStoredData", func(t *testing.T, f *fixture) {
		storagetesting.RunTestGuaranteedUpdateChecksStoredData(f.ctx, t, f)
	}),
	plain("GuaranteedUpdateWithConflict", func(t *testing.T, f *fixture) {
		storagetesting.RunTestGuaranteedUpdateWithConflict(f.ctx, t, f)
	}),
	plain("GuaranteedUpdateWithSuggestionAndConflict", func(t *testing.T, f *fixture) {
		storagetesting.RunTestGuaranteedUpdateWithSuggestionAndConflict(f.ctx, t, f)
	}),
	plain("TransformationFailure", func(t *testing.T, f *fixture) { storagetesting.RunTestTransformationFailure(f.ctx, t, f) }),
}
