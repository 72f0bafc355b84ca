using Lumos.SystemTests;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// One machine at a time: there are two cores. Collections go by their names, which begin with a number, because the
// earlier ones bring the shared machine to where the later ones need it; within a class, tests go as they stand.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: TestCollectionOrderer(typeof(ByName))]
[assembly: TestCaseOrderer(typeof(ByLine))]
[assembly: AssemblyFixture(typeof(Suite))]
[assembly: Trait("level", "live")]

namespace Lumos.SystemTests;

public sealed class ByName : ITestCollectionOrderer
{
    public IReadOnlyCollection<T> OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        where T : ITestCollection =>
        [.. testCollections.OrderBy(c => c.TestCollectionDisplayName, StringComparer.Ordinal)];
}

public sealed class ByLine : ITestCaseOrderer
{
    public IReadOnlyCollection<T> OrderTestCases<T>(IReadOnlyCollection<T> testCases)
        where T : notnull, ITestCase =>
        [.. testCases.OrderBy(c => c.SourceLineNumber).ThenBy(c => c.TestCaseDisplayName, StringComparer.Ordinal)];
}
