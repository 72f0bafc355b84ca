using System.Globalization;

namespace Lumos.Zones.Machines;

/// <summary>A place on the first bus of a machine: device and function.</summary>
public readonly record struct PciSlot(int Device, int Function)
{
    /// <summary>Functions that one device has room for.</summary>
    public const int Functions = 8;

    /// <summary>As QEMU takes it: hexadecimal.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Device:x}.{Function:x}");

    /// <summary>The function <paramref name="number"/> places on, which may be of a later device.</summary>
    public PciSlot After(int number) => new(Device + ((Function + number) / Functions), (Function + number) % Functions);
}
