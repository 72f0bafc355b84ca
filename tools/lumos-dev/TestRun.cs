using System.Globalization;
using System.Xml.Linq;
using Lumos.Core;
using Lumos.Machine;

namespace Lumos.Dev;

/// <summary>Counts of a test run.</summary>
internal sealed record TestCounts(int Passed, int Failed, int Skipped)
{
    public static readonly TestCounts None = new(0, 0, 0);

    public static TestCounts operator +(TestCounts a, TestCounts b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    /// <summary>The closing line of every test run; scripts read it.</summary>
    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}

/// <summary>A test that failed: its name and what it said.</summary>
internal sealed record TestFailure(string Name, string Message);

/// <summary>One test project's outcome, read from the runner's XML report.</summary>
internal sealed record TestReport(TestCounts Counts, IReadOnlyList<TestFailure> Failures, IReadOnlyList<TestFailure> Skips)
{
    /// <summary>Reads a report; errors outside tests (a fixture's clean-up) count as failures.</summary>
    public static TestReport Parse(XDocument xml)
    {
        var counts = TestCounts.None;
        var failures = new List<TestFailure>();
        var skips = new List<TestFailure>();
        foreach (var assembly in xml.Descendants("assembly"))
        {
            counts += new TestCounts(Number(assembly, "passed"), Number(assembly, "failed") + Number(assembly, "errors"), Number(assembly, "skipped"));
            failures.AddRange(assembly.Descendants("test").Where(t => (string?)t.Attribute("result") == "Fail").Select(t =>
                new TestFailure((string)t.Attribute("name")!, string.Join('\n', new[] { "message", "stack-trace", "output" }.Select(part => (string?)t.Descendants(part).FirstOrDefault() ?? "")))));
            failures.AddRange(assembly.Descendants("error").Select(e =>
                new TestFailure($"{(string?)e.Attribute("type")} {(string?)e.Attribute("name")}", (string?)e.Descendants("message").FirstOrDefault() ?? "")));
            skips.AddRange(assembly.Descendants("test").Where(t => (string?)t.Attribute("result") == "Skip").Select(t =>
                new TestFailure((string)t.Attribute("name")!, (string?)t.Descendants("reason").FirstOrDefault() ?? "")));
        }
        return new TestReport(counts, failures, skips);
    }

    private static int Number(XElement element, string name) =>
        int.Parse((string?)element.Attribute(name) ?? "0", CultureInfo.InvariantCulture);
}

/// <summary>A project of tests and the level of its tests to run.</summary>
internal sealed record TestProject(string Name, string Folder)
{
    /// <summary>All projects under test/ that are xunit programs.</summary>
    public static IReadOnlyList<TestProject> Find(Checkout checkout) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(checkout.Root, "test"), "*.csproj", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains("\"xunit.v3\"", StringComparison.Ordinal))
            .Select(file => new TestProject(Path.GetFileNameWithoutExtension(file), Path.GetDirectoryName(file)!))
            .OrderBy(project => project.Name, StringComparer.Ordinal),
    ];

    /// <summary>Runs the tests that the filter words select and reads their report.</summary>
    public TestReport Run(IReadOnlyList<string> filter, string resultFolder, IReadOnlyList<string> become, TimeSpan limit)
    {
        Directory.CreateDirectory(resultFolder);
        string report = Path.Combine(resultFolder, Name + ".xml");
        File.Delete(report);
        string program = Directory.EnumerateFiles(Path.Combine(Folder, "bin", "Debug"), Name + ".dll", SearchOption.AllDirectories)
            .OrderByDescending(File.GetLastWriteTimeUtc).First();
        var run = HostCommand.Run([.. become, "dotnet", program, .. filter, "-xml", report, "-noColor", "-noLogo"], limit);
        File.WriteAllText(Path.Combine(resultFolder, Name + ".log"), run.Output + run.ErrorOutput);
        if (!File.Exists(report))
        {
            string how = run.TimedOut ? $"did not end within {limit.TotalMinutes:0} minutes" : $"ended with status {run.Status} and no report";
            return new TestReport(new TestCounts(0, 1, 0), [new TestFailure(Name, $"{how}:\n{TextTail.Of(run.Output + run.ErrorOutput, 20)}")], []);
        }
        return TestReport.Parse(XDocument.Load(report));
    }
}
