using System.Text.RegularExpressions;
using Lumos.Vm.Applets.Verbs;
using Lumos.Vm.Properties;
using Xunit;

namespace Lumos.Vm.Tests.Parity;

/// <summary>
/// docs/parity.md and docs/parity-behaviour.md: whatever is said to work, or to work otherwise, names a test that there is; what is missing
/// or not wanted says why. A table counts whose last column is "held by".
/// </summary>
public sealed class HeldRowTests
{
    private sealed record Row(string Page, string Section, string What, string Status, string Held)
    {
        internal string[] Tests => Held.Split("; ", StringSplitOptions.RemoveEmptyEntries);

        public override string ToString() => $"{Page}: {What}";
    }

    private static readonly IReadOnlySet<string> Tests = TestNames.Under(Path.Combine(ParityPageTests.Checkout, "test"));

    private static readonly Row[] Commands = [.. Read("docs/parity.md")], Behaviour = [.. Read("docs/parity-behaviour.md")];

    private static IEnumerable<Row> All => Commands.Concat(Behaviour);

    [Fact]
    public void What_works_or_differs_names_its_tests() =>
        Nothing(All.Where(row => !IsMissing(row) && row.Tests.Length == 0));

    [Fact]
    public void Every_test_that_is_named_exists() =>
        Nothing(All.SelectMany(row => row.Tests.Where(test => !Tests.Contains(test)).Select(test => $"{row} -> {test}")));

    [Fact]
    public void What_is_missing_or_not_wanted_says_why() =>
        Nothing(All.Where(row => IsMissing(row) && row.Status.Length < 20));

    [Fact]
    public void A_status_is_one_of_those_that_the_pages_explain() =>
        Nothing(All.Where(row => !Regex.IsMatch(row.Status, row.Page == "docs/parity.md" ? "^(works|refused|addition|kept|view)" : "^(works|differs|gap|no)\\b")));

    [Fact]
    public void Every_table_of_commands_of_VMs_and_zones_is_held()
    {
        string[] held = ["vmadm", "vminfod, vminfo", "imgadm", "IMGAPI (lumos-imgapi)", "zoneadm, zonecfg, zlogin, zonename"];
        Assert.Equal(held, Commands.Select(row => row.Section).Distinct());
        Assert.All(Behaviour.GroupBy(row => row.Section), section => Assert.True(section.Count() > 5, section.Key));
    }

    [Fact]
    public void Every_verb_of_vmadm_has_its_row_with_its_aliases()
    {
        string[] rows = [.. Commands.Where(row => row.Section == "vmadm").Select(row => row.What)];
        Nothing(VerbTable.All.Where(verb => !rows.Any(row =>
            row.StartsWith(verb.Name + " ", StringComparison.Ordinal) && verb.Aliases.Where(alias => alias[0] != '-').All(alias => row.Contains($"({alias})", StringComparison.Ordinal))))
            .Select(verb => verb.Name));
    }

    [Fact]
    public void States_are_those_that_there_are() => Nothing(
        Lumos.Vm.Lifecycle.Transitions.States.Except(["mounted"]).Where(state => !Behaviour.Any(row => row.Section == "States" && row.What.StartsWith(state, StringComparison.Ordinal))));

    [Fact]
    public void Properties_are_counted_as_the_table_has_them()
    {
        int Count(PropertyStatus status) => PropertyTable.Rows.Count(row => row.Status == status);
        string text = File.ReadAllText(Path.Combine(ParityPageTests.Checkout, "docs/parity.md")).ReplaceLineEndings(" ");
        Assert.Contains($"{Count(PropertyStatus.Acts)} act, {Count(PropertyStatus.Stored)} are checked, kept and shown but not enforced yet, {Count(PropertyStatus.AcceptedNotYet)} are known and refused",
            text, StringComparison.Ordinal);
        Assert.Contains($"{Count(PropertyStatus.Computed)} are shown only, {Count(PropertyStatus.Ignored)} are ignored", text, StringComparison.Ordinal);
    }

    // Whole names, which Assert.Empty cuts off.
    private static void Nothing<T>(IEnumerable<T> faults) => Assert.Equal("", string.Join('\n', faults));

    private static bool IsMissing(Row row) => Regex.IsMatch(row.Status, "^(gap|no):");

    /// <summary>Cells of a row of behaviour: what, priority, status, held; of commands: what, status, notes, held.</summary>
    private static IEnumerable<Row> Read(string page)
    {
        string section = "";
        bool counts = false;
        foreach (string line in File.ReadLines(Path.Combine(ParityPageTests.Checkout, page)))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = line[3..];
            }
            string[] cells = [.. Regex.Split(line, @"(?<!\\)\|").Select(cell => cell.Trim())];
            if (!line.StartsWith('|'))
            {
                counts = false;
            }
            else if (cells[^2] == "held by")
            {
                counts = true;
            }
            else if (counts && !line.StartsWith("|---", StringComparison.Ordinal))
            {
                Assert.True(cells.Length == 6, $"{page}: {line}");
                yield return new Row(page, section, cells[1], page == "docs/parity.md" ? cells[2] : cells[3], cells[4]);
            }
        }
    }
}
