using System.Text;
using Lumos.Vm.Properties;
using Xunit;

namespace Lumos.Vm.Tests.Parity;

/// <summary>
/// docs/parity-properties.md says of every property of SmartOS what becomes of it here and which test holds that. It is made of the property
/// table and of properties.tsv (name, priority, test), and these tests keep the three together. LUMOS_WRITE_PAGES=1 writes the page anew.
/// </summary>
public sealed class ParityPageTests
{
    private sealed record Line(string Name, string Priority, string Test);

    internal static readonly string Checkout = Find();

    private static readonly IReadOnlySet<string> Tests = TestNames.Under(Path.Combine(Checkout, "test"));

    private static readonly string Page = Path.Combine(Checkout, "docs/parity-properties.md");

    private static readonly Line[] Lines =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Parity/properties.tsv")).Select(line => line.Split('\t')).Select(words => new Line(words[0], words[1], words[2])),
    ];

    [Fact]
    public void Every_property_of_SmartOS_has_a_line() =>
        Assert.Empty(Lines.Select(line => line.Name).Except(PropertyTable.Rows.Select(row => row.Name)));

    [Fact]
    public void What_users_rely_on_and_works_names_the_test_that_holds_it() => Assert.Empty(
        from line in Lines
        let row = PropertyTable.Find(line.Name)!
        where line.Priority is "P1" or "P2" && (row.Brands & Brands.Os) != 0 && Works(row) && line.Test.Length == 0
        select line.Name);

    [Fact]
    public void Each_test_that_is_named_exists()
    {
        var tests = Tests.Select(test => test[(test.IndexOf('/') + 1)..]).ToHashSet();
        Assert.Empty(Lines.SelectMany(line => line.Test.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(test => !tests.Contains(test)).Distinct());
    }

    [Fact]
    public void The_page_is_as_the_table_says()
    {
        string text = Render();
        if (Environment.GetEnvironmentVariable("LUMOS_WRITE_PAGES") == "1")
        {
            File.WriteAllText(Page, text);
        }
        Assert.Equal(text, File.ReadAllText(Page));
    }

    private static bool Works(Property row) => row.Status is PropertyStatus.Acts or PropertyStatus.Stored or PropertyStatus.Computed;

    private static string Render()
    {
        var text = new StringBuilder();
        text.Append("# Properties of VMs, one by one\n\n");
        text.Append("Every property that SmartOS's vmadm knows: how much users rely on it (P1 daily, P2 often, P3 seldom), what becomes of it here, and the test that holds it. ");
        text.Append("Made of the property table by `ParityPageTests`; what stands behind a status: [parity.md](parity.md).\n\n");
        text.Append("- *acts*: it does what SmartOS's does. *shown*: worked out, never taken. *kept*: checked, kept and shown, enforced by nothing yet. *ignored*: as on SmartOS.\n");
        text.Append("- *refused*: another value than its default is refused by name. *hardware*: of kvm and bhyve alone.\n");
        foreach (var group in Lines.GroupBy(line => PropertyTable.Find(line.Name)!.Group))
        {
            text.Append($"\n## {group.Key ?? "Of the VM"}\n\n| property | | status | held by |\n|---|---|---|---|\n");
            foreach (var line in group)
            {
                var row = PropertyTable.Find(line.Name)!;
                text.Append($"| {row.Leaf} | {line.Priority} | {Status(row)} | {line.Test.Replace(" ", ", ", StringComparison.Ordinal)} |\n");
            }
        }
        return text.ToString();
    }

    private static string Status(Property row) => (row.Brands & Brands.Os) == 0 ? "hardware" : row.Status switch
    {
        _ when row.Ops == PropertyOps.Receive && row.Status != PropertyStatus.Acts => "shown",
        PropertyStatus.Acts => "acts",
        PropertyStatus.Stored => "kept",
        PropertyStatus.Computed => "shown",
        PropertyStatus.Ignored => "ignored",
        _ => "refused",
    };

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Lumos.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("the tests do not run in a checkout");
    }
}
