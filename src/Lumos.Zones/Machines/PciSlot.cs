using System.Globalization;

namespace Lumos.Zones.Machines;

/// <summary>A place on the first bus of a machine: device and function.</summary>
public readonly record struct PciSlot(int Device, int Function)
{
    /// <summary>Functions that one device has room for.</summary>
    public const int Functions = 8;

    /// <summary>Devices that a bus has room for.</summary>
    public const int Devices = 32;

    /// <summary>As QEMU takes it: hexadecimal.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Device:x}.{Function:x}");

    /// <summary>As SmartOS writes it: bus, device and function, decimal.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"0:{Device}:{Function}");

    /// <summary>The function <paramref name="number"/> places on, which may be of a later device.</summary>
    public PciSlot After(int number) => new(Device + ((Function + number) / Functions), (Function + number) % Functions);

    /// <summary>BUS:DEVICE:FUNCTION, DEVICE:FUNCTION or DEVICE, of bus 0.</summary>
    public static bool TryParse(string text, out PciSlot slot)
    {
        slot = default;
        var numbers = new List<int>();
        foreach (string part in text.Split(':'))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                return false;
            }
            numbers.Add(number);
        }
        switch (numbers)
        {
            case [0, var device, var function]:
                slot = new(device, function);
                break;
            case [var device, var function]:
                slot = new(device, function);
                break;
            case [var device]:
                slot = new(device, 0);
                break;
            default:
                return false;
        }
        return slot.Device < Devices && slot.Function < Functions;
    }
}
