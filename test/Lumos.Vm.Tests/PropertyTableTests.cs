using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Xunit;

namespace Lumos.Vm.Tests;

public class PropertyTableTests
{
    private static IEnumerable<Property> Rows => PropertyTable.Rows.Where(r => !PropertyTable.LoadTimeFields.Contains(r.Name));

    [Theory]
    [InlineData(null, 144)] // 136 of SmartOS, boot_priority, boot_delay, accelerator, run_state, guest_resets, boot_pending, exit_reason and qga
    [InlineData("nics", 24)]
    [InlineData("disks", 20)]
    [InlineData("filesystems", 5)]
    [InlineData("pci_devices", 2)]
    public void The_table_has_every_row_of_its_group(string? group, int count) =>
        Assert.Equal(count, Rows.Count(r => r.Group == group));

    [Fact]
    public void There_are_195_rows_and_no_name_stands_twice()
    {
        Assert.Equal(195, Rows.Count());
        Assert.Equal(PropertyTable.Rows.Count, PropertyTable.Rows.Select(r => r.Name).Distinct().Count());
        Assert.All(PropertyTable.Rows, row => Assert.Same(row, PropertyTable.Find(row.Name)));
    }

    [Fact]
    public void There_are_48_fixed_columns_and_17_of_elements()
    {
        Assert.Equal(48, PropertyTable.Rows.Count(r => r.Column is not null));
        Assert.Equal(8, PropertyTable.Rows.Count(r => r.Group == "disks" && r.Filterable));
        Assert.Equal(9, PropertyTable.Rows.Count(r => r.Group == "nics" && r.Filterable));
    }

    [Fact]
    public void Every_default_is_a_value_of_its_own_type()
    {
        foreach (var row in PropertyTable.Rows.Where(r => r.Type != PropertyType.None))
        {
            if (PropertyValue.Default(row) is { } value && !PropertyValue.IsUnset(value))
            {
                Assert.True(PropertyValue.TryNormalise(row, value, out _, out string reason), $"{row.Name}: {reason}");
            }
        }
    }

    [Fact]
    public void What_may_be_given_has_a_type_and_a_status_that_answers_for_it()
    {
        foreach (var row in PropertyTable.Rows)
        {
            bool given = row.Ops != PropertyOps.None;
            Assert.True(given == row.Status is PropertyStatus.Acts or PropertyStatus.Stored or PropertyStatus.AcceptedNotYet || row.Status == PropertyStatus.Ignored, row.Name);
            Assert.True(!given || row.Type != PropertyType.None, row.Name);
        }
    }

    [Fact]
    public void No_two_rows_are_kept_in_the_same_place()
    {
        var twice = PropertyTable.Rows.Where(r => r.Store is PropertyStore.Attr or PropertyStore.Rctl or PropertyStore.Json)
            .GroupBy(r => r.Store).Where(g => g.Count() > 1).Select(g => string.Join(", ", g.Select(r => r.Name)));
        Assert.Empty(twice);
    }
}
