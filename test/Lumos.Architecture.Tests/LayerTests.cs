using Xunit;

namespace Lumos.Architecture.Tests;

public class LayerTests
{
    [Fact]
    public void Every_project_is_in_the_table_and_every_row_is_a_project() =>
        Assert.Equal(LayerTable.References().Keys.Order(), LayerTable.Load().Keys.Order());

    [Fact]
    public void Projects_use_only_what_the_table_allows()
    {
        var table = LayerTable.Load();
        var faults = LayerTable.References()
            .SelectMany(project => project.Value.Except(table[project.Key]).Select(used => $"{project.Key} uses {used}"));
        Repository.AssertNone(faults);
    }

    [Fact]
    public void The_table_has_no_circle()
    {
        var left = LayerTable.Load().ToDictionary();
        while (left.Count > 0)
        {
            var free = left.Where(row => !row.Value.Any(left.ContainsKey)).Select(row => row.Key).ToList();
            Assert.True(free.Count > 0, "these use each other: " + string.Join(", ", left.Keys));
            free.ForEach(name => left.Remove(name));
        }
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        string solution = Repository.Read("Lumos.slnx");
        Assert.All(Repository.Files("*.csproj", "src", "tools", "test"), file => Assert.Contains($"\"{file}\"", solution));
    }
}
